/** A channel of one entity: reconnects, delivers each event once and in order, and keeps the entity's data. */

import { Backoff } from './backoff.js';
import { RefusedError } from './errors.js';
import { callListener, Listeners } from './listeners.js';
import { PATHS, SNAPSHOT_ACTIONS } from './protocol.js';
import { encode, newRequestId, Requests, submit } from './requests.js';
import { Synchronizer } from './synchronizer.js';

export class Channel {
  #listeners = new Listeners();
  #settings;
  #requests;
  #synchronizer;
  #link;

  /** Handlers as on a WebSocket. @type {((event: any) => void) | null} */
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
      timeout: settings.timeout,
      backoff: new Backoff(settings.backoff),
      transmit: (text) => this.#link.send(text),
      onTimeout: () => this.#link.reconnect(),
    });
    this.#synchronizer = new Synchronizer({
      name,
      url: this.url,
      tokens,
      settings,
      onOpen: () => this.#requests.onOpen(),
      onLost: () => this.#requests.onLost(),
      onReply: (frame) => this.#requests.onReply(frame),
      onSnapshot: (frame, text, isFirst) => this.#onSnapshot(frame, text, isFirst),
      onEvent: (frame, text) => this.#onEvent(frame, text),
      onChange: (frame) => this.#listeners.emit('change', this.data, frame),
      onEnd: (error) => this.#onEnd(error),
      onStatus: (status) => this.#onStatus(status),
    });
    this.#link = this.#synchronizer.link;
  }

  get data() {
    return this.#synchronizer.data;
  }

  get status() {
    return this.#link.status;
  }

  /** The number of actions that wait to be sent or answered. */
  get queued() {
    return this.#requests.length;
  }

  /** As of a WebSocket: 0 until there is data, 1 from then on, 3 when the channel is closed. */
  get readyState() {
    if (this.status.state === 'closed') return 3;
    return this.data === null ? 0 : 1;
  }

  /** Characters of the last snapshot. */
  get size() {
    return this.#synchronizer.size;
  }

  /** When the last message arrived, in milliseconds. */
  get lastMessageAt() {
    return this.#link.lastMessageAt;
  }

  /**
   * Listen to a type of message, or to `snapshot`, `event`, `change`, `error` or `status`.
   * @param {string} type
   * @param {(...args: any[]) => void} listener
   * @returns {() => void} removes it
   */
  on(type, listener) {
    return this.#listeners.on(type, listener);
  }

  /**
   * Call `show` with the data now, if there is any, and after each change.
   * @param {(data: any) => void} show
   * @returns {() => void} stops the calls
   */
  follow(show) {
    if (this.data !== null) callListener(show, this.data);
    return this.on('change', show);
  }

  /**
   * Run an action once; resolves when it is stored.
   * @param {string} action
   * @param {object} [fields]
   * @param {{signal?: AbortSignal}} [options]
   */
  async request(action, fields = {}, { signal } = {}) {
    const frame = { action, request_id: newRequestId(), ...fields };
    const reply = await submit(this.#requests, frame.request_id, encode(frame), signal);
    return (reply.snapshot ?? reply).data;
  }

  /** Request a new snapshot, for data that has no events; resolves to it. */
  refresh() {
    return this.request(SNAPSHOT_ACTIONS[this.name]);
  }

  /**
   * Send an action as over a WebSocket: its reply arrives as a message. Throws QueueFullError.
   * @param {string | object} message
   */
  send(message) {
    const given = typeof message === 'string' ? JSON.parse(message) : message;
    const frame = { request_id: newRequestId(), ...given };
    this.#requests.add({
      id: frame.request_id,
      text: encode(frame),
      onReply: ({ snapshot, ...reply }) => {
        if (snapshot) this.#emit(snapshot);
        if (reply.error !== undefined || given.request_id !== undefined) this.#emit(reply);
      },
      onError: () => {},
    });
  }

  /** Probe the connection now, or connect at once. */
  wake() {
    this.#link.wake();
  }

  /**
   * Probe the connection.
   * @param {number} within milliseconds for the reply
   */
  probe(within) {
    this.#link.probe(within);
  }

  /** Drop the connection, because the network is gone, and connect again. */
  reconnect() {
    this.#link.reconnect();
  }

  close() {
    this.#link.close();
  }

  /**
   * @param {any} frame
   * @param {string} text
   * @param {boolean} isFirst
   */
  #onSnapshot(frame, text, isFirst) {
    if (isFirst) callListener(this.onopen, { type: 'open', target: this });
    this.#listeners.emit('snapshot', frame.data, frame);
    this.#emit(frame, text);
  }

  /**
   * @param {any} frame
   * @param {string} text
   */
  #onEvent(frame, text) {
    this.#listeners.emit('event', frame.data, frame);
    this.#emit(frame, text);
  }

  /** @param {import('./errors.js').ClosedError} error */
  #onEnd(error) {
    const { refusal } = this.#synchronizer;
    this.#requests.end(error);
    if (error.code !== 1000) {
      if (refusal) this.#emit(refusal);
      callListener(this.onerror, { type: 'error', error, message: error.message, target: this });
    }
    callListener(this.onclose, { type: 'close', code: error.code, reason: error.message, target: this });
  }

  /** @param {import('./index.js').Status} status */
  #onStatus(status) {
    this.#listeners.emit('status', status);
    callListener(this.#settings.onStatus, status, this);
  }

  /**
   * Pass a message to its listeners.
   * @param {any} frame
   * @param {string} [text]
   */
  #emit(frame, text = JSON.stringify(frame)) {
    callListener(this.onmessage, { type: 'message', data: text, target: this });
    if (frame.error !== undefined) this.#listeners.emit('error', new RefusedError(frame));
    else this.#listeners.emit(frame.type, frame.data, frame);
  }
}
