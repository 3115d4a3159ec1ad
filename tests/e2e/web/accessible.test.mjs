// The scenes of guests and kitchens, each before axe.
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { tryPage, tryScenes } from './axe.mjs';
import { Devices } from './devices.mjs';
import { FLOOR_SCENES } from './floor-scenes.mjs';
import { HASTY } from './house.mjs';
import { aLargeRestaurant } from './large-menu.mjs';
import { SCENES } from './scenes.mjs';

tryScenes(Object.keys(SCENES).filter((name) => !(name in FLOOR_SCENES)));

const staff = new RestaurantQR(HASTY);
const devices = new Devices();
before(() => devices.start());
after(() => {
  staff.disconnect();
  return devices.close();
});

test('the dialog that shares a table, with a notice in it', async () => {
  const { scans } = await aLargeRestaurant(staff);
  const page = await devices.page('phone');
  await page.goto(scans[2]);
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('button', { name: 'Share a link' }).click();
  await page.locator('dialog .notice').waitFor();
  await tryPage(page);
});
