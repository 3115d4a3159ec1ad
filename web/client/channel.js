/**
 * One channel of one entity: a WebSocket that comes back by itself, tells each event once and in
 * order, and knows what there is to show.
 */

import { Backoff } from './backoff.js';
import { RefusedError } from './errors.js';
import { Link } from './link.js';
import { guarded, Listeners } from './listeners.js';
import { LOOKS, PATHS } from './protocol.js';
import { answerOf, newRequestId, Requests, textOf } from './requests.js';
import { Sequence } from './sequence.js';
import { after } from './state.js';

/** Milliseconds until what could not be answered is asked again. */
const PROBE_PAUSE = 1_000;

export class Channel {
  #listeners = new Listeners();
  #sequence = new Sequence();
  #settings;
  #requests;
  #link;
  /** @type {any} the answer to a `get_*` action, until its ack */
  #look = null;
  /** @type {string | null} the `request_id` of our own question */
  #probing = null;
  /** @type {number} what `data` reflects */
  #dataSeq = -1;
  /** @type {any} the error before a close */
  #refusal = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @type {any} */
  data = null;
  /** Characters of the last snapshot: what asking for one costs. */
  size = 0;

  /** Handlers as a WebSocket has them. @type {((event: any) => void) | null} */
  onopen = null;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onerror = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;

  /**
   * @param {keyof typeof PATHS} name
   * @param {number | string} id
   * @param {import('./service.js').Settings} settings
   * @param {import('./tokens.js').Tokens} tokens
   */
  constructor(name, id, settings, tokens) {
    this.name = name;
    this.id = Number(id);
    const path = PATHS[name].replace('{id}', encodeURIComponent(id));
    this.url = settings.url.replace(/^http/, 'ws') + path;
    this.#settings = settings;
    this.#requests = new Requests({
      limit: settings.queue,
      patience: settings.patience,
      pauses: new Backoff(settings.backoff),
      transmit: (text) => this.#link.send(text),
      overdue: () => this.#link.cut(),
    });
    this.#link = new Link({
      url: () => this.url + this.#sequence.resume,
      tokens,
      settings,
      opened: () => this.#opened(),
      heard: (text) => this.#heard(text),
      probe: () => this.#probe(),
      lost: () => this.#lost(),
      ended: (error) => this.#ended(error),
      changed: (status) => this.#changed(status),
    });
  }

  get status() {
    return this.#link.status;
  }

  /** How many actions wait to be sent or answered. */
  get queued() {
    return this.#requests.length;
  }

  /** As of a WebSocket: 0 until there is something to show, 1 from then on, 3 when it is closed. */
  get readyState() {
    if (this.status.state === 'closed') return 3;
    return this.#sequence.last === null ? 0 : 1;
  }

  /**
   * Listen to a type of message, or to `snapshot`, `event`, `change`, `error` or `status`.
   * @param {string} what
   * @param {(...told: any[]) => void} listener
   * @returns {() => void} stops it
   */
  on(what, listener) {
    return this.#listeners.on(what, listener);
  }

  /**
   * Show the data now, if there is any, and whenever it changes.
   * @param {(data: any) => void} show
   * @returns {() => void} stops it
   */
  follow(show) {
    if (this.data !== null) guarded(show, this.data);
    return this.on('change', show);
  }

  /**
   * Do something, once; resolves when it is stored.
   * @param {string} action
   * @param {object} [fields]
   * @param {{signal?: AbortSignal}} [how]
   */
  async request(action, fields = {}, { signal } = {}) {
    const frame = { action, request_id: newRequestId(), ...fields };
    const answer = await answerOf(this.#requests, frame.request_id, textOf(frame), signal);
    return (answer.look ?? answer).data;
  }

  /** Take a new snapshot, for what events do not tell; resolves to it. */
  refresh() {
    return this.request(LOOKS[this.name]);
  }

  /**
   * Send an action as over a WebSocket; its answer comes as a message. Throws QueueFullError.
   * @param {string | object} message
   */
  send(message) {
    const given = typeof message === 'string' ? JSON.parse(message) : message;
    const frame = { request_id: newRequestId(), ...given };
    this.#requests.add({
      id: frame.request_id,
      text: textOf(frame),
      answered: ({ look, ...answer }) => {
        if (look) this.#told(look);
        if (answer.error !== undefined || given.request_id !== undefined) this.#told(answer);
      },
      failed: () => {},
    });
  }

  /** When something was last heard, in milliseconds. */
  get heardAt() {
    return this.#link.heardAt;
  }

  /** Make sure of the connection now, or open it at once. */
  wake() {
    this.#link.wake();
  }

  /**
   * Make sure of the connection within so many milliseconds.
   * @param {number} within
   */
  ask(within) {
    this.#link.ask(within);
  }

  /** There is no network any more: say so, and try again. */
  cut() {
    this.#link.cut();
  }

  close() {
    this.#link.close();
  }

  // --- what the link tells ---------------------------------------------------------------------

  #opened() {
    this.#refusal = null;
    if (this.#sequence.last !== null) this.#link.ask(); // where nothing was missed, nothing comes
    this.#requests.connected();
  }

  #lost() {
    this.#probing = null;
    clearTimeout(this.#timer);
    this.#requests.disconnected();
  }

  /** @param {string} text */
  #heard(text) {
    const frame = parsed(text);
    if (frame === null) this.#link.cut();
    else if (frame.request_id !== undefined) this.#answered(frame);
    else if (frame.error !== undefined) this.#refusal = frame;
    else this.#pushed(frame, text);
  }

  /** @param {any} frame */
  #answered(frame) {
    if (frame.error === undefined) frame.look = this.#look;
    this.#look = null;
    if (frame.request_id === this.#probing) this.#probed(frame);
    else this.#requests.take(frame);
  }

  /**
   * @param {any} frame
   * @param {string} text
   */
  #pushed(frame, text) {
    const heard = this.#sequence.take(frame);
    if (heard === 'gap') this.#link.cut();
    else if (heard === 'look') this.#looked(frame);
    else if (heard === 'snapshot') this.#snapshot(frame, text);
    else if (heard === 'event') this.#event(frame, text);
  }

  // --- frames ----------------------------------------------------------------------------------

  /**
   * @param {any} frame
   * @param {string} text
   */
  #snapshot(frame, text) {
    const isFirst = this.#dataSeq < 0;
    this.size = text.length;
    this.#show(frame);
    this.#link.live();
    if (isFirst) guarded(this.onopen, { type: 'open', target: this });
    this.#listeners.tell('snapshot', frame.data, frame);
    this.#told(frame, text);
    this.#listeners.tell('change', this.data, frame);
  }

  /**
   * @param {any} frame
   * @param {string} text
   */
  #event(frame, text) {
    const isNews = frame.seq > this.#dataSeq;
    const data = isNews ? after(this.name, this.data, frame) : this.data;
    if (data === null) this.#probe();
    else if (isNews) this.#show({ ...frame, data });
    this.#listeners.tell('event', frame.data, frame);
    this.#told(frame, text);
    if (isNews && data !== null) this.#listeners.tell('change', this.data, frame);
  }

  /**
   * The answer to a `get_*` action; it may know of events that are still on their way.
   * @param {any} frame
   */
  #looked(frame) {
    this.#look = frame;
    if (frame.seq < this.#dataSeq) return;
    const isNews = JSON.stringify(frame.data) !== JSON.stringify(this.data);
    this.#show(frame);
    if (isNews) this.#listeners.tell('change', this.data, frame);
  }

  /** @param {any} frame */
  #probed({ error, look }) {
    this.#probing = null;
    clearTimeout(this.#timer);
    this.#link.answered();
    if (error !== undefined) {
      this.#timer = setTimeout(() => this.#link.ask(), PROBE_PAUSE);
      return;
    }
    this.#link.live();
    const last = () => Number(this.#sequence.last);
    if (this.#dataSeq < last()) this.#probe(); // it was asked before the last event
    if (look.seq > last()) {
      this.#timer = setTimeout(() => {
        if (look.seq > last()) this.#link.cut();
      }, this.#settings.patience);
    }
  }

  #probe() {
    if (this.#probing !== null) return;
    this.#probing = newRequestId();
    this.#link.send(JSON.stringify({ action: LOOKS[this.name], request_id: this.#probing }));
  }

  /** @param {any} frame */
  #show(frame) {
    this.data = frame.data;
    this.#dataSeq = frame.seq;
  }

  // --- telling ---------------------------------------------------------------------------------

  /** @param {import('./errors.js').ClosedError} error */
  #ended(error) {
    this.#requests.end(error);
    if (error.code !== 1000) {
      if (this.#refusal) this.#told(this.#refusal);
      guarded(this.onerror, { type: 'error', error, message: error.message, target: this });
    }
    guarded(this.onclose, { type: 'close', code: error.code, reason: error.message, target: this });
  }

  /** @param {import('./index.js').Status} status */
  #changed(status) {
    this.#listeners.tell('status', status);
    guarded(this.#settings.onStatus, status, this);
  }

  /**
   * Pass a message on to whoever listens.
   * @param {any} frame
   * @param {string} [text]
   */
  #told(frame, text = JSON.stringify(frame)) {
    guarded(this.onmessage, { type: 'message', data: text, target: this });
    if (frame.error !== undefined) this.#listeners.tell('error', new RefusedError(frame));
    else this.#listeners.tell(frame.type, frame.data, frame);
  }
}

/**
 * A frame; null if the text is none, and so cannot be the service's.
 * @param {string} text
 */
function parsed(text) {
  try {
    const frame = JSON.parse(text);
    return typeof frame === 'object' ? frame : null;
  } catch {
    return null;
  }
}
