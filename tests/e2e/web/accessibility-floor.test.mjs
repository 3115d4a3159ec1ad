// Accessibility of the scenes of waiters and managers, the start page and the documents.
import { after, before, test } from 'node:test';

import { assertAccessible, testScenes } from './axe.mjs';
import { Devices } from './devices.mjs';
import { FLOOR_SCENES } from './floor-scenes.mjs';
import { SERVICE } from './harness.mjs';

testScenes(Object.keys(FLOOR_SCENES));

const devices = new Devices();
before(() => devices.start());
after(() => devices.close());

// Only on a phone, which has the least room: the documents are long and the same on every device.
test('the documents that the start page links are accessible', async () => {
  const page = await devices.page('phone');
  for (const name of ['HTTP API', 'Channels']) {
    await page.goto(SERVICE);
    await page.getByRole('navigation', { name: 'Documents' }).getByRole('link', { name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.evaluate(() => [...document.querySelectorAll('details')].slice(0, 5).forEach((each) => { each.open = true; }));
    await assertAccessible(page, { exclude: ['main'] }); // the viewers are third-party code: docs/decisions/0035
  }
});
