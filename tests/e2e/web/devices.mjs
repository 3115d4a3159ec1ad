// Opens pages on a phone or a desktop, in light or dark colours.
import { browser } from './browser.mjs';

export const DEVICES = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};
export const SCHEMES = ['light', 'dark'];

/** Chromium, with `errors`: uncaught errors and Content Security Policy violations of its pages. */
export class Devices {
  errors = [];

  async start() {
    this.chromium = await browser();
  }

  /** A page in a new browser context, with empty storage. */
  async page(device = 'phone', colorScheme = 'light', options = {}) {
    const settings = { ...DEVICES[device], colorScheme, locale: 'en-GB', reducedMotion: 'reduce' };
    const context = await this.chromium.connected.newContext({ ...settings, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.errors.push(message.text());
    });
    return page;
  }

  close() {
    return this.chromium.close();
  }
}

/** Wait until a page shows that its channels are live. */
export const untilPageLive = (page) => page.locator('.connection[data-state=live]').waitFor();
