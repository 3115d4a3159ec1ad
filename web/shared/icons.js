/** Inline SVG icons: paths on a 24 × 24 grid, in the colour of the text. */

import { html } from '../vendor/preact-htm.js';

const PATHS = {
  menu: 'M4 5h6a2 2 0 0 1 2 2v13a2 2 0 0 0-2-2H4zM20 5h-6a2 2 0 0 0-2 2v13a2 2 0 0 1 2-2h6z',
  orders: 'M4 17h16M5.500 17a6.500 6.500 0 0 1 13 0M12 10.500V8M10.500 8h3M6 20.500h12',
  bill: 'M6 3.500v17l2-1.500 2 1.500 2-1.500 2 1.500 2-1.500 2 1.500v-17zM9 8h6M9 12h6',
  waiter: 'M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 2h-15zM10 21h4M12 5V3',
  share: 'M12 15V4M8 7.500 12 3.500l4 4M6 11.500v8h12v-8',
  sound: 'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4.500 4.500 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  silent: 'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5',
  close: 'M6 6l12 12M18 6 6 18',
};

/** Hidden from screen readers: put a text or a label beside it. */
export function Icon({ name }) {
  return html`<svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
