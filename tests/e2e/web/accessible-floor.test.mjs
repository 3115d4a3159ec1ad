// The scenes of waiters and managers and the start page, each before axe; and the documents.
import { after, before, test } from 'node:test';

import { tryPage, tryScenes } from './axe.mjs';
import { Devices } from './devices.mjs';
import { FLOOR_SCENES } from './floor-scenes.mjs';
import { SERVICE } from './house.mjs';

tryScenes(Object.keys(FLOOR_SCENES));

const devices = new Devices();
before(() => devices.start());
after(() => devices.close());

// They are long, and the same wherever they are read: a phone has the least room for them.
test('the documents, from the start page on', async () => {
  const page = await devices.page('phone');
  for (const name of ['HTTP API', 'Channels']) {
    await page.goto(SERVICE);
    await page.getByRole('navigation', { name: 'Documents' }).getByRole('link', { name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.evaluate(() => [...document.querySelectorAll('details')].slice(0, 5).forEach((each) => { each.open = true; }));
    await tryPage(page, { exclude: ['main'] }); // the viewers are others' code: docs/decisions/0035
  }
});
