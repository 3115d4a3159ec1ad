// Scenes before axe: WCAG 2.2 AA, by day and by night, on a phone and on a wide screen.
/* global axe */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, SCHEMES } from './devices.mjs';
import { HASTY } from './house.mjs';
import { anEvening, devicesOf, SCENES } from './scenes.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
/** What depends on the colours. */
const RULES_OF_COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };
/** A target that is partly below the bar at the foot can be scrolled out from there. */
const SCROLLS = /insufficient size because it is partially obscured/;
const TOUCH = 44; // CSS pixels each way; WCAG 2.2 AA asks for 24

/** A test for each of these scenes. What is framed in one of them is a scene of its own. */
export function tryScenes(names) {
  const staff = new RestaurantQR(HASTY);
  const devices = new Devices();
  let evening;

  before(async () => {
    [evening] = await Promise.all([anEvening(staff), devices.start()]);
  });
  after(async () => {
    staff.disconnect();
    await devices.close();
    assert.deepEqual(devices.mistakes, []);
  });

  for (const name of names) {
    for (const device of devicesOf(name)) {
      test(`${name} on a ${device}`, async () => {
        const page = await devices.page(device, 'light');
        await SCENES[name](page, evening);
        await tryPage(page);
        assert.deepEqual(await page.evaluate(tooSmall, TOUCH), []);
        await page.context().close();
      });
    }
  }
}

/** A page as it stands, but for what is in `exclude`: by day with all rules, by night with those of colours. */
export async function tryPage(page, { exclude = [] } = {}) {
  await page.evaluate(AXE);
  for (const [index, colorScheme] of SCHEMES.entries()) {
    await page.emulateMedia({ colorScheme });
    const rules = index === 0 ? RULES : RULES_OF_COLOURS;
    const { violations, passes } = await page.evaluate(
      ([context, runOnly]) => axe.run(context, { runOnly, iframes: false }), [{ exclude }, rules],
    );
    const found = violations
      .map(({ id, nodes }) => [id, ...nodes.map(({ failureSummary }) => failureSummary).filter((why) => !SCROLLS.test(why))])
      .filter(([, ...reasons]) => reasons.length > 0);
    assert.deepEqual(found, [], colorScheme);
    assert.ok(passes.some(({ id }) => id === 'color-contrast'));
  }
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
}

/** In the page: what can be touched, and is smaller than it should be. */
function tooSmall(least) {
  return [...document.querySelectorAll('button, a:not(.skip), input')]
    .map((each) => [each.textContent, each.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 0 && (width < least || height < least))
    .map(([text]) => text);
}
