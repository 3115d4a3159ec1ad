// Checks scenes with axe: WCAG 2.2 AA, in light and dark colours, on a phone and on a desktop.
/* global axe */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, SCHEMES } from './devices.mjs';
import { FAST_SETTINGS } from './harness.mjs';
import { createRestaurant, devicesOf, SCENES } from './scenes.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
/** Rules that depend on the colour scheme. */
const RULES_OF_COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };
/** Axe's message for a target that is partly below the bottom bar: scrolling reveals the rest. */
const PARTLY_BELOW_BAR = /insufficient size because it is partially obscured/;
const MIN_TARGET_PX = 44; // CSS pixels in width and height; WCAG 2.2 AA asks for 24

/** Define a test for each scene on each of its devices. Axe skips iframes: their pages are other scenes. */
export function testScenes(names) {
  const staff = new RestaurantQR(FAST_SETTINGS);
  const devices = new Devices();
  let restaurant;

  before(async () => {
    [restaurant] = await Promise.all([createRestaurant(staff), devices.start()]);
  });
  after(async () => {
    staff.disconnect();
    await devices.close();
    assert.deepEqual(devices.errors, []);
  });

  for (const name of names) {
    for (const device of devicesOf(name)) {
      test(`the scene ${name} is accessible on a ${device}`, async () => {
        const page = await devices.page(device, 'light');
        await SCENES[name](page, restaurant);
        await assertAccessible(page);
        assert.deepEqual(await page.evaluate(tooSmall, MIN_TARGET_PX), []);
        await page.context().close();
      });
    }
  }
}

/** Check an open page without the elements of `exclude`: all rules in light colours, colour rules in dark ones. */
export async function assertAccessible(page, { exclude = [] } = {}) {
  await page.evaluate(AXE);
  for (const [index, colorScheme] of SCHEMES.entries()) {
    await page.emulateMedia({ colorScheme });
    const rules = index === 0 ? RULES : RULES_OF_COLOURS;
    const { violations, passes } = await page.evaluate(
      ([context, runOnly]) => axe.run(context, { runOnly, iframes: false }), [{ exclude }, rules],
    );
    const found = violations
      .map(({ id, nodes }) => [id, ...nodes.map(({ failureSummary }) => failureSummary).filter((why) => !PARTLY_BELOW_BAR.test(why))])
      .filter(([, ...reasons]) => reasons.length > 0);
    assert.deepEqual(found, [], colorScheme);
    assert.ok(passes.some(({ id }) => id === 'color-contrast'));
  }
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
}

/** In the page: texts of touch targets that are narrower or lower than `min` CSS pixels. */
function tooSmall(min) {
  return [...document.querySelectorAll('button, a:not(.skip), input')]
    .map((each) => [each.textContent, each.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 0 && (width < min || height < min))
    .map(([text]) => text);
}
