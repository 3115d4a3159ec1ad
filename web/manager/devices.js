/** Staff devices: which are signed in, which codes wait to be scanned, and a form to add a device. */

import {
  errorMessage, fetchText, html, notify, qr, Sheet, t, useChannel, useEffect, useLayoutEffect, useOpenChannel,
  useRef, useState, withErrorNotice,
} from '../shared/app.js';
import { CopyLink } from './copy-link.js';

const KITCHEN = 'kitchen';

export function Devices({ restaurant, formats, now, onClose }) {
  const { data } = useChannel(useOpenChannel('devices', restaurant.id));
  const names = new Map(restaurant.waiters.map(({ waiter_id, name }) => [waiter_id, name]));
  const active = (data?.devices ?? []).filter(({ expires_at }) => new Date(expires_at) > now);
  const path = `/restaurants/${restaurant.id}/devices`;
  return html`
    <${Sheet} title=${t('manager.devices')} onClose=${onClose}>
      <ul class="devices" aria-live="polite">
        ${data && active.length === 0 && html`<li class="card empty-state">${t('manager.no_devices')}</li>`}
        ${active.map((device) => html`
          <${Device} key=${device.device_id} device=${device} path=${path} formats=${formats}
            user=${device.role === KITCHEN ? t('manager.kitchen') : names.get(device.waiter_id)} />`)}
      </ul>
      <${NewDevice} waiters=${restaurant.waiters} path=${path} />
    <//>
  `;
}

function Device({ device, path, formats, user }) {
  const { device_id, label, signed_in_at, expires_at } = device;
  const values = { whose: user, time: formats.time(expires_at) };
  const remove = async () => {
    if (await withErrorNotice(qr.http.delete(`${path}/${device_id}`))) notify(t('manager.signed_out', { label }));
  };
  return html`
    <li class="card device">
      <div class="row">
        <span class="details">
          <strong>${label}</strong>
          <span class="muted small">${t(signed_in_at ? 'manager.signed_in' : 'manager.not_signed_in', values)}</span>
        </span>
        <${RemoveButton} text=${t(signed_in_at ? 'manager.sign_out' : 'manager.withdraw')} label=${label} onRemove=${remove} />
      </div>
      ${!signed_in_at && html`<${SignInCode} path=${`${path}/${device_id}`} label=${label} />`}
    </li>
  `;
}

/** Asks for confirmation: one wrong tap must not sign out the kitchen's only screen. */
function RemoveButton({ text, label, onRemove }) {
  const [isConfirming, setIsConfirming] = useState(false);
  const confirmButton = useRef(null);
  useLayoutEffect(() => {
    if (isConfirming) confirmButton.current.focus({ preventScroll: true });
  }, [isConfirming]);
  // Safari blurs a button when it is pressed; the focus moves to an ancestor then, or nowhere.
  const cancel = ({ target, relatedTarget }) => relatedTarget && !relatedTarget.contains(target) && setIsConfirming(false);
  if (!isConfirming) {
    return html`
      <button key="ask" class="button danger" aria-label="${text}: ${label}" onClick=${() => setIsConfirming(true)}>${text}</button>`;
  }
  return html`
    <button key="confirm" class="button danger" aria-label="${t('manager.sure')}: ${label}" ref=${confirmButton} onClick=${onRemove}
      onBlur=${cancel}>${t('manager.sure')}</button>
  `;
}

function SignInCode({ path, label }) {
  const [{ image, url, error }, setCode] = useState({ image: null, url: null, error: null });
  useEffect(() => {
    Promise.all([fetchText(`${path}/qr.svg`), qr.http.get(`${path}/code`)]).then(
      ([svg, { url: link }]) => setCode({ image: `data:image/svg+xml,${encodeURIComponent(svg)}`, url: link, error: null }),
      (cause) => setCode({ image: null, url: null, error: errorMessage(cause) }),
    );
  }, [path]);
  if (error) return html`<p role="alert">${error}</p>`;
  return html`
    <p class="sign-in-code">
      ${image && html`<img src=${image} alt=${t('manager.device_code', { label })} />`}
      <span>${t('manager.scan')}</span>
    </p>
    ${url && html`<${CopyLink} url=${url} label=${label} />`}
  `;
}

function NewDevice({ waiters, path }) {
  const [user, setUser] = useState(KITCHEN); // the kitchen, or a waiter's id
  const [label, setLabel] = useState('');
  const add = async (event) => {
    event.preventDefault();
    const role = user === KITCHEN ? { role: KITCHEN } : { role: 'waiter', waiter_id: Number(user) };
    if (await withErrorNotice(qr.http.post(path, { ...role, label: label.trim() }))) setLabel('');
  };
  return html`
    <form class="card" onSubmit=${add}>
      <h3>${t('manager.another_device')}</h3>
      <label class="field">${t('manager.device_of')}
        <select value=${user} onChange=${(event) => setUser(event.target.value)}>
          <option value=${KITCHEN}>${t('manager.kitchen')}</option>
          ${waiters.map(({ waiter_id, name }) => html`<option key=${waiter_id} value=${waiter_id}>${name}</option>`)}
        </select>
      </label>
      <label class="field">${t('manager.label')}
        <input required maxlength="40" autocomplete="off" value=${label}
          onInput=${(event) => setLabel(event.target.value)} />
      </label>
      <button class="button main" disabled=${!label.trim()}>${t('manager.show_code')}</button>
    </form>
  `;
}
