// Takes the screenshots of `docs/screenshots`: `node screenshots.mjs FOLDER [SCENE …]`.
import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, SCHEMES } from './devices.mjs';
import { FAST_SETTINGS } from './harness.mjs';
import { createRestaurant, devicesOf, SCENES } from './scenes.mjs';

const [folder, ...names] = process.argv.slice(2);
const staff = new RestaurantQR(FAST_SETTINGS);
const restaurant = await createRestaurant(staff);
const devices = new Devices();
await devices.start();
for (const name of names.length > 0 ? names : Object.keys(SCENES)) {
  for (const device of devicesOf(name)) {
    for (const scheme of SCHEMES) {
      const page = await devices.page(device, scheme);
      await SCENES[name](page, restaurant);
      await page.evaluate(() => document.activeElement?.blur());
      await page.screenshot({ path: `${folder}/${name}-${device}-${scheme}.png` });
      await page.context().close();
    }
  }
}
await devices.close();
staff.disconnect();
