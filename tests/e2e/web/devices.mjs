// The pages as people have them before their eyes: on a phone and on a wide screen, by day and by night.
import { browser } from './browser.mjs';

export const DEVICES = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};
export const SCHEMES = ['light', 'dark'];

/** Chromium, and what its pages complained about: nothing, at the end of a test. */
export class Devices {
  mistakes = [];

  async start() {
    this.chromium = await browser();
  }

  /** A page on a device of its own, with nothing in its storage. */
  async page(device = 'phone', colorScheme = 'light', options = {}) {
    const settings = { ...DEVICES[device], colorScheme, locale: 'en-GB', reducedMotion: 'reduce' };
    const context = await this.chromium.connected.newContext({ ...settings, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.mistakes.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.mistakes.push(message.text());
    });
    return page;
  }

  close() {
    return this.chromium.close();
  }
}
