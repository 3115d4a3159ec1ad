// The layout of every page in every window, with large text and from right to left: nothing reaches
// beyond the window, nothing covers what is to be pressed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices } from './devices.mjs';
import { HASTY } from './house.mjs';
import { aLargeRestaurant } from './large-menu.mjs';
import { faultsInLayouts, layoutFaults, optionsOf, WINDOWS } from './layout.mjs';
import { anEvening, SCENES } from './scenes.mjs';

const staff = new RestaurantQR(HASTY);
const devices = new Devices();
let evening;
let large;

before(async () => {
  [evening, large] = await Promise.all([anEvening(staff), aLargeRestaurant(staff), devices.start()]);
});
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.mistakes, []);
});

const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' });

async function opened(address, window = 'phone', options = {}) {
  const page = await devices.page('phone', 'light', { ...optionsOf(window), ...options });
  await page.goto(address);
  await page.getByText('Live', { exact: true }).waitFor();
  return page;
}

/** A guest at a free table of the large restaurant with some dishes in the basket. */
async function guest(window, options) {
  const page = await opened(large.scans[2], window, options);
  for (const index of [0, 1, 20]) await button(page, /^Add /).nth(index).click();
  return page;
}

/** Pages with as much in them as there is on a busy evening; the scenes of screenshots come beside them. */
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
  'kitchen with large orders': () => opened(large.kitchen),
  'waiter with large orders': () => opened(large.waiter),
  'manager with a large menu': () => opened(large.manager),
};

for (const [name, scene] of Object.entries(LARGE_SCENES)) {
  test(`the layout of the ${name} holds in every window`, async () => tryLayouts(await scene()));
}
for (const [name, scene] of Object.entries(SCENES)) {
  test(`the layout of the scene ${name} holds in every window`, async () => {
    const page = await devices.page('phone');
    await scene(page, evening);
    await tryLayouts(page);
  });
}

async function tryLayouts(page) {
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

test('all parts of the guest’s page stand side by side on wide windows', async () => {
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

test('a chosen category is right below the bars, whatever the name of the restaurant', async () => {
  const page = await guest();
  for (const name of ['A', 'Wirtshaus zur Schönen Aussicht am Donaukanal und Biergarten']) {
    await page.getByRole('banner').locator('.place').evaluate((place, text) => { place.textContent = text; }, name);
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

test('a chosen category is reached without animation if reduced motion is preferred', async () => {
  const page = await guest();
  const jumped = await button(page, 'Salads').evaluate((chip) => {
    chip.click();
    const { scrollY: atOnce } = window;
    return new Promise((resolve) => {
      requestAnimationFrame(() => requestAnimationFrame(() => resolve([atOnce, window.scrollY])));
    });
  });
  assert.ok(jumped[0] > 0);
  assert.equal(jumped[1], jumped[0]);
});

test('a notice is in front of the dialog that it belongs to, and inside of it', async () => {
  const page = await guest();
  await button(page, 'Share').click();
  await button(page, 'Share a link').click();
  await page.locator('dialog:modal .notice').waitFor();
  assert.equal(await page.locator('.notice').count(), 1);
  await page.keyboard.press('Escape');
  await page.locator('.frame .notice').waitFor();
});

test('a refusal stays above the foot of the page until it is dismissed', async () => {
  const page = await guest();
  await page.route('**/api/sessions/*/orders', (route) =>
    route.fulfill({ status: 409, json: { error: 'Cannot order this now.', code: 'item_unavailable' } }));
  await button(page, /^Basket/).click();
  await button(page, 'Place the order').click();
  const notice = page.locator('.notice[data-kind=bad]');
  await notice.waitFor();
  const [shown, foot] = await Promise.all([notice.boundingBox(), page.locator('.foot').boundingBox()]);
  assert.ok(shown.y + shown.height <= foot.y, 'it covers the foot');
  await notice.getByRole('button', { name: 'Close' }).click();
  await notice.waitFor({ state: 'detached' });
});

test('the note of a payment has the layout of all notes of a waiter', async () => {
  const page = await devices.page('phone');
  await SCENES.waiter(page, evening);
  const boxes = async (text) => {
    const row = page.locator('.todo-row', { hasText: text }).first();
    const [outer, number, act] = await Promise.all([row, row.locator('.number'), row.getByRole('button')].map((each) => each.boundingBox()));
    return { number: number.width, toEdge: outer.x + outer.width - act.x - act.width, isBeside: act.y < number.y + number.height };
  };
  assert.deepEqual(await boxes('Paid'), await boxes('New order'));
});

test('guests of the oldest supported browsers order in one column', async () => {
  for (const window of ['phone', 'desktop']) {
    const page = await devices.page('phone', 'light', optionsOf(window));
    await page.addInitScript(withoutNewInterfaces);
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

/** In the page, before its scripts: what Safari 15.4, Chrome 100 or Firefox 102 do not have. */
function withoutNewInterfaces() {
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

/** A style sheet as a browser reads it that skips `@container` rules. */
function withoutContainers(css) {
  let text = css.replace(/container:[^;]*;/g, '');
  for (let at = text.indexOf('@container'); at >= 0; at = text.indexOf('@container')) {
    let end = text.indexOf('{', at) + 1;
    for (let depth = 1; depth > 0; end += 1) depth += { '{': 1, '}': -1 }[text[end]] ?? 0;
    text = text.slice(0, at) + text.slice(end);
  }
  return text;
}
