/**
 * The sounds of new and cancelled orders. Browsers keep a page silent until it is touched: then the switch says so
 * and any touch of the page turns it on.
 */

import { html, Icon, recall, remember, Signal, t, useEffect, useRedraw } from '../shared/app.js';

/** Hertz, and seconds from now: a bell on a counter, and a falling call that is unlike it. */
const SOUNDS = {
  new: [[1318.5, 0], [1760, 0.16]],
  cancelled: [[880, 0], [622.3, 0.22], [440, 0.44]],
};

const changed = new Signal();
let wanted = recall('kitchen-sound', true);
let audio = null;

function state() {
  if (!wanted) return 'off';
  return audio?.state === 'running' ? 'on' : 'blocked';
}

/** Let the page be heard, as far as the browser allows it at this moment. */
async function start() {
  if (!wanted) return;
  if (!audio) {
    audio = new AudioContext();
    audio.addEventListener('statechange', () => changed.tell());
  }
  if (audio.state !== 'running') await audio.resume().catch(() => {});
  changed.tell();
}

/** Sound `new` or `cancelled`, if the sound is on. */
export function sound(name) {
  if (state() !== 'on') return;
  for (const [frequency, delay] of SOUNDS[name]) {
    const at = audio.currentTime + delay;
    const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = frequency;
    loudness.gain.setValueAtTime(0.4, at);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.9);
    tone.connect(loudness).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 1);
  }
}

export function SoundSwitch() {
  const redraw = useRedraw();
  useEffect(() => {
    const stop = changed.on(redraw);
    const touched = (event) => event.target.closest?.('.sound') || start();
    addEventListener('pointerup', touched);
    addEventListener('keyup', touched);
    start();
    return () => {
      stop();
      removeEventListener('pointerup', touched);
      removeEventListener('keyup', touched);
    };
  }, []);
  const now = state();
  const turn = async () => {
    wanted = now !== 'on';
    remember('kitchen-sound', wanted);
    changed.tell();
    await start();
    sound('new');
  };
  return html`
    <button class="button sound" data-state=${now} aria-pressed=${now === 'on'} onClick=${turn}>
      <${Icon} name=${now === 'on' ? 'sound' : 'silent'} />${t(`kitchen.sound.${now}`)}
    </button>
  `;
}
