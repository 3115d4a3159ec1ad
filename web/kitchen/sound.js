/**
 * The sounds of new and cancelled orders. Browsers block a page's sound until the user touches the page: until then
 * the switch shows `blocked`, and any touch or key press unblocks it.
 */

import { Emitter, html, Icon, storage, t, useEffect, useForceUpdate } from '../shared/app.js';

/** Tones as `[frequency in Hz, delay in s]`: a counter bell, and falling tones that differ clearly from it. */
const SOUNDS = {
  new: [[1318.5, 0], [1760, 0.16]],
  cancelled: [[880, 0], [622.3, 0.22], [440, 0.44]],
};

const STORAGE_KEY = 'kitchen-sound';

const changed = new Emitter();
let isEnabled = storage.get(STORAGE_KEY, true);
let audio = null;

function state() {
  if (!isEnabled) return 'off';
  return audio?.state === 'running' ? 'on' : 'blocked';
}

/** Start the audio context, if the browser allows it now. */
async function start() {
  if (!isEnabled) return;
  if (!audio) {
    audio = new AudioContext();
    audio.addEventListener('statechange', () => changed.emit());
  }
  if (audio.state !== 'running') await audio.resume().catch(() => {});
  changed.emit();
}

/** Play the sound `new` or `cancelled`, if the sound is on. */
export function playSound(name) {
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
  const forceUpdate = useForceUpdate();
  useEffect(() => {
    const stop = changed.on(forceUpdate);
    const unblock = (event) => event.target.closest?.('.sound') || start();
    addEventListener('pointerup', unblock);
    addEventListener('keyup', unblock);
    start();
    return () => {
      stop();
      removeEventListener('pointerup', unblock);
      removeEventListener('keyup', unblock);
    };
  }, []);
  const current = state();
  const toggle = async () => {
    isEnabled = current !== 'on';
    storage.set(STORAGE_KEY, isEnabled);
    changed.emit();
    await start();
    playSound('new');
  };
  return html`
    <button class="button sound" data-state=${current} aria-pressed=${current === 'on'} onClick=${toggle}>
      <${Icon} name=${current === 'on' ? 'sound' : 'silent'} />${t(`kitchen.sound.${current}`)}
    </button>
  `;
}
