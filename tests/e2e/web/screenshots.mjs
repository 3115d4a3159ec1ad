// Takes the pictures of `docs/screenshots`: `node screenshots.mjs FOLDER [SCENE …]`.
import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, SCHEMES } from './devices.mjs';
import { HASTY } from './house.mjs';
import { anEvening, devicesOf, SCENES } from './scenes.mjs';

const [folder, ...names] = process.argv.slice(2);
const staff = new RestaurantQR(HASTY);
const evening = await anEvening(staff);
const devices = new Devices();
await devices.start();
for (const name of names.length > 0 ? names : Object.keys(SCENES)) {
  for (const device of devicesOf(name)) {
    for (const scheme of SCHEMES) {
      const page = await devices.page(device, scheme);
      await SCENES[name](page, evening);
      await page.evaluate(() => document.activeElement?.blur());
      await page.screenshot({ path: `${folder}/${name}-${device}-${scheme}.png` });
      await page.context().close();
    }
  }
}
await devices.close();
staff.disconnect();
