/** The photo of a dish. It is decoration: the dish's name stands beside it. */

import { html, useState } from '../app.js';

const SIZES = [160, 480, 1200];
const url = (id, size) => `/media/${id}/${size}.webp`;

/** Nothing without a photo, or if it cannot be loaded. `sizes` is its width on the page, as CSS has it. */
export function Photo({ id, sizes, fallback = null }) {
  const [failedId, setFailedId] = useState(null);
  if (!id || failedId === id) return fallback;
  const srcset = SIZES.map((size) => `${url(id, size)} ${size}w`).join(', ');
  return html`<img class="photo" src=${url(id, 480)} srcset=${srcset} sizes=${sizes} alt="" loading="lazy" decoding="async"
    onError=${() => setFailedId(id)} />`;
}
