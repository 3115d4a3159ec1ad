// Layout checks for every page, in every window, text size and writing direction. `layoutFaults(page)`
// returns the faults of an open page.

/** Supported windows: size in CSS pixels, and whether they have a touchscreen. */
export const WINDOWS = {
  'small phone': { width: 320, height: 640, touch: true },
  phone: { width: 390, height: 844, touch: true },
  'phone on its side': { width: 844, height: 390, touch: true },
  tablet: { width: 820, height: 1180, touch: true },
  'tablet on its side': { width: 1180, height: 820, touch: true },
  desktop: { width: 1440, height: 900, touch: false },
};

/** The reader's text size, in percent of the browser's usual 16 pixels. */
export const TEXT_SIZES = [100, 200];

export const DIRECTIONS = ['ltr', 'rtl'];

/** Every window with every text size and direction, each with a readable `name`. */
export const EVERY_LAYOUT = Object.keys(WINDOWS).flatMap((window) =>
  TEXT_SIZES.flatMap((text) =>
    DIRECTIONS.map((direction) => ({ name: `${window}, text ${text} %, ${direction}`, window, text, direction })),
  ),
);

/** Layouts in which any two values of window, text size and direction occur together. */
export const PAIRED_LAYOUTS = EVERY_LAYOUT.filter(({ window, text, direction }) => {
  const isOdd = Object.keys(WINDOWS).indexOf(window) % 2 === 1;
  return ((text === 200) === (direction === 'rtl')) !== isOdd;
});

/** Options of a browser context for a window, as `Devices.page` takes them. */
export function optionsOf(window) {
  const { width, height, touch } = WINDOWS[window];
  return { viewport: { width, height }, hasTouch: touch, isMobile: touch };
}

/** Change an open page to a window, a text size and a direction. */
export async function setLayout(page, { window = 'phone', text = 100, direction = 'ltr' }) {
  const { width, height } = WINDOWS[window];
  await page.setViewportSize({ width, height });
  const session = await page.context().newCDPSession(page);
  const fontSizes = { standard: (16 * text) / 100, fixed: (13 * text) / 100 };
  await session.send('Page.setFontSizes', { fontSizes });
  await session.detach();
  await page.evaluate((dir) => {
    document.documentElement.dir = dir;
  }, direction);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

/** Faults of a page by layout; an empty object if there are none. */
export async function faultsInLayouts(page, layouts = PAIRED_LAYOUTS) {
  const found = {};
  for (const layout of layouts) {
    await setLayout(page, layout);
    const faults = await layoutFaults(page);
    if (faults.length > 0) found[layout.name] = faults;
  }
  return found;
}

/** Faults of an open page in its current layout, one sentence each. */
export async function layoutFaults(page) {
  return page.evaluate(faults);
}

/** In the page. */
function faults() {
  const found = [];
  const root = document.documentElement;
  const windowWidth = root.clientWidth; // `innerWidth` grows with a page that is too wide for a phone
  const dialog = [...document.querySelectorAll('dialog[open]')].at(-1);
  const scope = dialog ?? document.body;
  const named = (element) => {
    const label = element.getAttribute('aria-label') ?? element.textContent;
    return `<${element.localName}> "${label.trim().replace(/\s+/g, ' ').slice(0, 40)}"`;
  };
  const isDrawn = (element) => element.checkVisibility?.() ?? element.getClientRects().length > 0;
  const isOffered = (element) => isDrawn(element) && !element.closest('.skip, .visually-hidden, [inert]');

  if (root.scrollWidth > windowWidth) found.push(`the page is ${root.scrollWidth} px wide in a window of ${windowWidth} px`);
  for (const element of scope.querySelectorAll('*')) {
    if (!isOffered(element)) continue;
    const { left, right, width } = element.getBoundingClientRect();
    const isSwiped = element.closest('.categories, pre, .frames');
    if (width > 0 && !isSwiped && (left < -1 || right > windowWidth + 1)) {
      found.push(`${named(element)} reaches beyond the side of the window`);
    }
  }

  // Text of some length needs room for some letters a line.
  for (const element of scope.querySelectorAll('*')) {
    const own = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
    const text = own.map(({ data }) => data.trim()).join('');
    if (text.length < 12 || !isOffered(element)) continue;
    const lines = element.getClientRects();
    const widest = Math.max(...[...lines].map(({ width }) => width));
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (widest < 3 * size) found.push(`${named(element)} has room for ${Math.round(widest / size * 2)} letters a line`);
  }

  // Bars leave most of the window to what is read.
  if (!dialog && document.querySelector('.content')) {
    const samples = Array.from({ length: 40 }, (_, index) => ((index + 0.5) / 40) * innerHeight);
    const isBar = (element) => {
      for (let each = element; each; each = each.parentElement) {
        const { position } = getComputedStyle(each);
        if (position === 'sticky' || position === 'fixed') return true;
      }
      return false;
    };
    const barred = samples.filter((y) => {
      const at = document.elementFromPoint(windowWidth / 2, y);
      return at && isBar(at);
    });
    if (barred.length > samples.length / 2) {
      found.push(`bars cover ${Math.round((barred.length / samples.length) * 100)} % of the window`);
    }
  }

  const pressable = 'button, a[href], input, select, textarea, summary, [role="switch"]';
  const before = { x: scrollX, y: scrollY };
  for (const element of scope.querySelectorAll(pressable)) {
    if (!isOffered(element) || element.disabled) continue;
    const block = element.offsetHeight > innerHeight / 2 ? 'center' : 'nearest';
    element.scrollIntoView({ block, inline: 'nearest', behavior: 'instant' });
    const { left, top, width, height } = element.getClientRects()[0]; // the first line of a link in a text
    if (width === 0 || height === 0) continue;
    const [x, y] = [left + width / 2, top + height / 2];
    const hit = document.elementFromPoint(x, y);
    const label = element.closest('label');
    const isHit = hit && (element.contains(hit) || label?.contains(hit));
    if (!isHit) found.push(`${named(element)} cannot be pressed: ${hit ? `${named(hit)} is on top` : 'it is outside the window'}`);
    const isCut = element.localName === 'button' && element.scrollWidth > element.clientWidth + 1;
    if (isCut && getComputedStyle(element).textOverflow !== 'ellipsis') found.push(`the text of ${named(element)} is cut`);
  }
  scrollTo(before.x, before.y);
  return [...new Set(found)];
}
