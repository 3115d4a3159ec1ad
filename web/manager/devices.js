/** Staff devices: who is signed in, whose code waits to be scanned, and how another one gets in. */

import {
  fetched, html, qr, reason, saying, Sheet, t, tell, useChannel, useEffect, useLayoutEffect, useOpen, useRef,
  useState,
} from '../shared/app.js';
import { CopyLink } from './copy-link.js';

const KITCHEN = 'kitchen';

export function Devices({ home, formats, now, onClose }) {
  const { data } = useChannel(useOpen('devices', home.id));
  const names = new Map(home.waiters.map(({ waiter_id, name }) => [waiter_id, name]));
  const present = (data?.devices ?? []).filter(({ expires_at }) => new Date(expires_at) > now);
  const path = `/restaurants/${home.id}/devices`;
  return html`
    <${Sheet} title=${t('manager.devices')} onClose=${onClose}>
      <ul class="devices" aria-live="polite">
        ${data && present.length === 0 && html`<li class="card calm">${t('manager.no_devices')}</li>`}
        ${present.map((device) => html`
          <${Device} key=${device.device_id} device=${device} path=${path} formats=${formats}
            whose=${device.role === KITCHEN ? t('manager.kitchen') : names.get(device.waiter_id)} />`)}
      </ul>
      <${Another} waiters=${home.waiters} path=${path} />
    <//>
  `;
}

function Device({ device, path, formats, whose }) {
  const { device_id, label, signed_in_at, expires_at } = device;
  const until = { whose, time: formats.time(expires_at) };
  const remove = async () => {
    if (await saying(qr.http.delete(`${path}/${device_id}`))) tell(t('manager.signed_out', { label }));
  };
  return html`
    <li class="card device">
      <div class="row">
        <span class="what">
          <strong>${label}</strong>
          <span class="muted small">${t(signed_in_at ? 'manager.signed_in' : 'manager.not_signed_in', until)}</span>
        </span>
        <${Removal} text=${t(signed_in_at ? 'manager.sign_out' : 'manager.withdraw')} label=${label} remove=${remove} />
      </div>
      ${!signed_in_at && html`<${SignInCode} path=${`${path}/${device_id}`} label=${label} />`}
    </li>
  `;
}

/** Asks before it removes a device: the kitchen's only screen must not be signed out by one wrong tap. */
function Removal({ text, label, remove }) {
  const [isSure, ask] = useState(false);
  const sure = useRef(null);
  useLayoutEffect(() => {
    if (isSure) sure.current.focus({ preventScroll: true });
  }, [isSure]);
  // Safari takes the focus away from a button that is pressed.
  const left = ({ target, relatedTarget }) => relatedTarget && !relatedTarget.contains(target) && ask(false);
  if (!isSure) {
    return html`
      <button key="ask" class="button danger" aria-label="${text}: ${label}" onClick=${() => ask(true)}>${text}</button>`;
  }
  return html`
    <button key="sure" class="button danger" aria-label="${t('manager.sure')}: ${label}" ref=${sure} onClick=${remove}
      onBlur=${left}>${t('manager.sure')}</button>
  `;
}

function SignInCode({ path, label }) {
  const [{ image, url, refused }, show] = useState({ image: null, url: null, refused: null });
  useEffect(() => {
    Promise.all([fetched(`${path}/qr.svg`), qr.http.get(`${path}/code`)]).then(
      ([drawn, { url: link }]) => show({ image: `data:image/svg+xml,${encodeURIComponent(drawn)}`, url: link, refused: null }),
      (error) => show({ image: null, url: null, refused: reason(error) }),
    );
  }, [path]);
  if (refused) return html`<p role="alert">${refused}</p>`;
  return html`
    <p class="sign-in-code">
      ${image && html`<img src=${image} alt=${t('manager.device_code', { label })} />`}
      <span>${t('manager.scan')}</span>
    </p>
    ${url && html`<${CopyLink} url=${url} label=${label} />`}
  `;
}

function Another({ waiters, path }) {
  const [whose, choose] = useState(KITCHEN);
  const [label, setLabel] = useState('');
  const add = async (event) => {
    event.preventDefault();
    const role = whose === KITCHEN ? { role: KITCHEN } : { role: 'waiter', waiter_id: Number(whose) };
    if (await saying(qr.http.post(path, { ...role, label: label.trim() }))) setLabel('');
  };
  return html`
    <form class="card" onSubmit=${add}>
      <h3>${t('manager.another_device')}</h3>
      <label class="field">${t('manager.device_of')}
        <select value=${whose} onChange=${(event) => choose(event.target.value)}>
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
