// Layout of every page in every window, with large text and from right to left: nothing exceeds the
// window, and nothing covers a button.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices } from './devices.mjs';
import { FAST_SETTINGS } from './harness.mjs';
import { createLargeRestaurant } from './large-menu.mjs';
import { faultsInLayouts, layoutFaults, optionsOf, WINDOWS } from './layout.mjs';
import { createRestaurant, SCENES } from './scenes.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const devices = new Devices();
let restaurant;
let large;

before(async () => {
  [restaurant, large] = await Promise.all([createRestaurant(staff), createLargeRestaurant(staff), devices.start()]);
});
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' });

async function openPage(address, window = 'phone', options = {}) {
  const page = await devices.page('phone', 'light', { ...optionsOf(window), ...options });
  await page.goto(address);
  await page.getByText('Live', { exact: true }).waitFor();
  return page;
}

/** A guest at a free table of the large restaurant with some dishes in the basket. */
async function guest(window, options) {
  const page = await openPage(large.scans[2], window, options);
  for (const index of [0, 1, 20]) await button(page, /^Add /).nth(index).click();
  return page;
}

/** Pages with much content, in addition to the scenes of the screenshots. */
const LARGE_SCENES = {
  'guest with a large menu': () => guest(),
  'guest with a basket': async () => {
    const page = await guest();
    await button(page, /^Basket/).click();
    await page.getByRole('dialog').waitFor();
    return page;
  },
  'guest who shares the table': async () => {
    const page = await guest();
    await button(page, 'Share').click();
    await page.getByRole('dialog').waitFor();
    return page;
  },
  'kitchen with large orders': () => openPage(large.kitchen),
  'waiter with large orders': () => openPage(large.waiter),
  'manager with a large menu': () => openPage(large.manager),
};

for (const [name, scene] of Object.entries(LARGE_SCENES)) {
  test(`the page ${name} fits every window`, async () => assertLayouts(await scene()));
}
for (const [name, scene] of Object.entries(SCENES)) {
  test(`the scene ${name} fits every window`, async () => {
    const page = await devices.page('phone');
    await scene(page, restaurant);
    await assertLayouts(page);
  });
}

async function assertLayouts(page) {
  assert.deepEqual(await faultsInLayouts(page), {});
  await page.context().close();
}

for (const [window, { touch }] of Object.entries(WINDOWS)) {
  test(`a guest places an order ${touch ? 'by touch' : 'with a mouse'} on a ${window}`, async () => {
    const page = await guest(window);
    const press = (name, within = page) => button(within, name)[touch ? 'tap' : 'click']();
    const dialog = page.getByRole('dialog');
    await press(/^Basket/);
    await press('Add Starters no. 1', dialog);
    await press('Remove Starters no. 2', dialog);
    await press('Place the order', dialog);
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.order', { hasText: 'Your order' }).first().waitFor({ state: 'attached' });
    await page.context().close();
  });
}

test('all parts of the guest’s page are side by side in wide windows', async () => {
  for (const window of ['tablet on its side', 'desktop']) {
    const page = await guest(window);
    const { width } = WINDOWS[window];
    for (const name of ['Orders of this table', 'The bill', 'How can we help?']) {
      const { x, width: own } = await page.getByRole('heading', { name }).boundingBox();
      assert.ok(x > width / 2 && x + own < width, `${name} in a ${window}`);
    }
    await page.context().close();
  }
});

test('a chosen category scrolls to just below the bars, also with a long restaurant name', async () => {
  const page = await guest();
  for (const name of ['A', 'Wirtshaus zur Schönen Aussicht am Donaukanal und Biergarten']) {
    await page.getByRole('banner').locator('.subtitle').evaluate((place, text) => { place.textContent = text; }, name);
    await button(page, 'Soups').press('Enter'); // a second tap at once would be ignored
    const [chips, heading] = await Promise.all([
      page.getByRole('navigation', { name: 'Categories' }).boundingBox(),
      page.getByRole('heading', { name: 'Soups' }).boundingBox(),
    ]);
    const header = await page.getByRole('banner').boundingBox();
    assert.ok(chips.y >= header.y + header.height - 1, 'the header covers the categories');
    const gap = heading.y - (chips.y + chips.height);
    assert.ok(gap >= 0 && gap < 24, `${gap} px between the bar and the heading`);
  }
});

test('a chosen category scrolls without animation if reduced motion is preferred', async () => {
  const page = await guest();
  const positions = await button(page, 'Salads').evaluate((chip) => {
    chip.click();
    const { scrollY: first } = window;
    return new Promise((resolve) => {
      requestAnimationFrame(() => requestAnimationFrame(() => resolve([first, window.scrollY])));
    });
  });
  assert.ok(positions[0] > 0);
  assert.equal(positions[1], positions[0]);
});

test('a notice is inside its dialog, and in the page once the dialog is closed', async () => {
  const page = await guest();
  await button(page, 'Share').click();
  await button(page, 'Share a link').click();
  await page.locator('dialog:modal .notice').waitFor();
  assert.equal(await page.locator('.notice').count(), 1);
  await page.keyboard.press('Escape');
  await page.locator('.frame .notice').waitFor();
});

test('a refusal is shown above the bottom bar until it is dismissed', async () => {
  const page = await guest();
  await page.route('**/api/sessions/*/orders', (route) =>
    route.fulfill({ status: 409, json: { error: 'Cannot order this now.', code: 'item_unavailable' } }));
  await button(page, /^Basket/).click();
  await button(page, 'Place the order').click();
  const notice = page.locator('.notice[data-kind=bad]');
  await notice.waitFor();
  const [shown, foot] = await Promise.all([notice.boundingBox(), page.locator('.foot').boundingBox()]);
  assert.ok(shown.y + shown.height <= foot.y, 'it covers the bottom bar');
  await notice.getByRole('button', { name: 'Close' }).click();
  await notice.waitFor({ state: 'detached' });
});

test('a waiter’s payment notice has the layout of other notices', async () => {
  const page = await devices.page('phone');
  await SCENES.waiter(page, restaurant);
  const boxes = async (text) => {
    const row = page.locator('.todo-row', { hasText: text }).first();
    const [outer, number, act] = await Promise.all([row, row.locator('.number'), row.getByRole('button')].map((each) => each.boundingBox()));
    return { number: number.width, toEdge: outer.x + outer.width - act.x - act.width, isBeside: act.y < number.y + number.height };
  };
  assert.deepEqual(await boxes('Paid'), await boxes('New order'));
});

test('a guest orders in the oldest supported browsers in one column', async () => {
  for (const window of ['phone', 'desktop']) {
    const page = await devices.page('phone', 'light', optionsOf(window));
    await page.addInitScript(removeNewInterfaces);
    await page.route('**/*.css', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: withoutContainers(await response.text()) });
    });
    await page.goto(large.scans[3]);
    await button(page, 'Add Starters no. 1').click();
    assert.deepEqual(await layoutFaults(page), [], window);
    await button(page, /^Basket/).click();
    assert.deepEqual(await layoutFaults(page), [], window);
    await button(page, 'Place the order').click();
    await page.locator('.order', { hasText: 'Your order' }).first().waitFor();
    assert.deepEqual(await layoutFaults(page), [], window);
    await page.context().close();
  }
});

/** In the page, before its scripts: remove interfaces that Safari 15.4, Chrome 100 or Firefox 102 lack. */
function removeNewInterfaces() {
  const missing = [
    [AbortSignal, 'timeout', 'any'],
    [Array.prototype, 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with'],
    [Element.prototype, 'checkVisibility'],
    [HTMLElement.prototype, 'showPopover', 'hidePopover', 'togglePopover', 'popover', 'inert'],
    [HTMLDialogElement.prototype, 'requestClose'],
    [Navigator.prototype, 'wakeLock', 'locks', 'userActivation'],
    [Object, 'groupBy'],
    [Promise, 'withResolvers', 'try'],
    [globalThis, 'scheduler', 'navigation', 'CompressionStream', 'DecompressionStream'],
    [Document.prototype, 'startViewTransition'],
    [Crypto.prototype, 'randomUUID'],
  ];
  for (const [owner, ...names] of missing) for (const name of names) delete owner[name];
}

/** A style sheet without its `@container` rules, which old browsers skip. */
function withoutContainers(css) {
  let text = css.replace(/container:[^;]*;/g, '');
  for (let at = text.indexOf('@container'); at >= 0; at = text.indexOf('@container')) {
    let end = text.indexOf('{', at) + 1;
    for (let depth = 1; depth > 0; end += 1) depth += { '{': 1, '}': -1 }[text[end]] ?? 0;
    text = text.slice(0, at) + text.slice(end);
  }
  return text;
}
