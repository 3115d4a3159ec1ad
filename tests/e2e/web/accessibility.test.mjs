// Accessibility of the scenes of guests and kitchens.
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { assertAccessible, testScenes } from './axe.mjs';
import { Devices } from './devices.mjs';
import { FLOOR_SCENES } from './floor-scenes.mjs';
import { FAST_SETTINGS } from './harness.mjs';
import { createLargeRestaurant } from './large-menu.mjs';
import { SCENES } from './scenes.mjs';

testScenes(Object.keys(SCENES).filter((name) => !(name in FLOOR_SCENES)));

const staff = new RestaurantQR(FAST_SETTINGS);
const devices = new Devices();
before(() => devices.start());
after(() => {
  staff.disconnect();
  return devices.close();
});

test('the dialog that shares a table is accessible while it shows a notice', async () => {
  const { scans } = await createLargeRestaurant(staff);
  const page = await devices.page('phone');
  await page.goto(scans[2]);
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('button', { name: 'Share a link' }).click();
  await page.locator('dialog .notice').waitFor();
  await assertAccessible(page);
});
