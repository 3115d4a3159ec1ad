/** The photo of a dish in its editor: choose, preview, remove. */

import { errorMessage, html, qr, t, useState } from '../shared/app.js';
import { Photo } from '../shared/menu/photo.js';

/** Photos are sent no larger than the largest size that is stored, so that they leave a phone quickly. */
const MAX_SIDE = 1200;
const SMALL_BYTES = 1_000_000;

/** `onBusy` is called with whether a photo is being sent. */
export function PhotoField({ id, photoId, onChange, onBusy }) {
  const [busy, setIsBusy] = useState(false);
  const [error, setError] = useState(null);
  const setBusy = (isBusy) => {
    setIsBusy(isBusy);
    onBusy(isBusy);
  };
  const choose = async ({ target }) => {
    const [file] = target.files;
    target.value = ''; // so that the same file can be chosen again
    if (!file) return;
    setBusy(true);
    setError(null);
    try {
      const { photo_id } = await qr.http.post(`/restaurants/${id}/photos`, await smaller(file));
      onChange(photo_id);
    } catch (cause) {
      setError(errorMessage(cause).replace(/^photo: /, ''));
    }
    setBusy(false);
  };
  return html`
    <fieldset class="group">
      <legend>${t('manager.photo')}</legend>
      <${Photo} id=${photoId} sizes="160px" />
      <div class="row">
        <label class="button">${t(busy ? 'manager.photo_sending' : 'manager.photo_choose')}
          <input class="visually-hidden" type="file" accept="image/jpeg,image/png,image/webp" disabled=${busy} onChange=${choose} />
        </label>
        ${photoId && html`<button type="button" class="button" onClick=${() => onChange(null)}>${t('manager.photo_remove')}</button>`}
      </div>
      ${error && html`<p class="form-error small" role="alert">${error}</p>`}
    </fieldset>
  `;
}

/** The file as WebP of at most MAX_SIDE pixels; as it is if it is small, or if this browser cannot decode it. */
async function smaller(file) {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
    if (scale === 1 && file.size < SMALL_BYTES) return file;
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => { canvas.toBlob((blob) => resolve(blob ?? file), 'image/webp', 0.9); });
  } catch {
    return file; // the service says what is wrong with it
  }
}
