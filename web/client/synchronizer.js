/**
 * Keeps the data of a channel current: a snapshot, then each event once and in order. Probes request
 * another snapshot, which shows whether events are missing.
 */

import { Link } from './link.js';
import { SNAPSHOT_ACTIONS } from './protocol.js';
import { newRequestId } from './requests.js';
import { applyEvent } from './state.js';
import { StreamPosition } from './stream-position.js';

/** Milliseconds after which a probe is repeated that was answered with an error. */
const PROBE_RETRY = 1_000;

export class Synchronizer {
  #position = new StreamPosition();
  /** The `seq` of the last event in `data`. */
  #dataSeq = -1;
  /** @type {any} the snapshot that a `get_*` action requested, until its ack */
  #queryReply = null;
  /** @type {string | null} the `request_id` of the pending probe */
  #probeId = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #options;

  /** @type {any} */
  data = null;
  /** Characters of the last snapshot: the cost of a probe. */
  size = 0;
  /** @type {any} the error that precedes a close */
  refusal = null;

  /**
   * @param {object} options
   * @param {keyof typeof SNAPSHOT_ACTIONS} options.name
   * @param {string} options.url
   * @param {import('./tokens.js').Tokens} options.tokens
   * @param {import('./service.js').Settings} options.settings
   * @param {() => void} options.onOpen
   * @param {() => void} options.onLost
   * @param {(frame: any) => void} options.onReply an ack or an error; an ack of a `get_*` action with its `snapshot`
   * @param {(frame: any, text: string, isFirst: boolean) => void} options.onSnapshot
   * @param {(frame: any, text: string) => void} options.onEvent
   * @param {(frame: any) => void} options.onChange `data` has changed
   * @param {(error: import('./errors.js').ClosedError) => void} options.onEnd
   * @param {(status: import('./index.js').Status) => void} options.onStatus
   */
  constructor(options) {
    this.#options = options;
    this.link = new Link({
      url: () => options.url + this.#position.resume,
      tokens: options.tokens,
      settings: options.settings,
      onOpen: () => this.#onOpen(),
      onMessage: (text) => this.#onMessage(text),
      sendProbe: () => this.#sendProbe(),
      onLost: () => this.#onLost(),
      onEnd: options.onEnd,
      onStatus: options.onStatus,
    });
  }

  #onOpen() {
    this.refusal = null;
    if (this.#position.last !== null) this.link.probe(); // after a resume there may be no message
    this.#options.onOpen();
  }

  #onLost() {
    this.#probeId = null;
    clearTimeout(this.#timer);
    this.#options.onLost();
  }

  /** @param {string} text */
  #onMessage(text) {
    const frame = parse(text);
    if (frame === null) this.link.reconnect();
    else if (frame.request_id !== undefined) this.#onReply(frame);
    else if (frame.error !== undefined) this.refusal = frame;
    else this.#onPush(frame, text);
  }

  /** @param {any} frame */
  #onReply(frame) {
    if (frame.error === undefined) frame.snapshot = this.#queryReply;
    this.#queryReply = null;
    if (frame.request_id === this.#probeId) this.#onProbeReply(frame);
    else this.#options.onReply(frame);
  }

  /**
   * @param {any} frame
   * @param {string} text
   */
  #onPush(frame, text) {
    const kind = this.#position.take(frame);
    if (kind === 'gap') this.link.reconnect();
    else if (kind === 'query_reply') this.#onQueryReply(frame);
    else if (kind === 'snapshot') this.#onSnapshot(frame, text);
    else if (kind === 'event') this.#onEvent(frame, text);
  }

  /**
   * @param {any} frame
   * @param {string} text
   */
  #onSnapshot(frame, text) {
    const isFirst = this.#dataSeq < 0;
    this.size = text.length;
    this.#set(frame);
    this.link.live();
    this.#options.onSnapshot(frame, text, isFirst);
    this.#options.onChange(frame);
  }

  /**
   * @param {any} frame
   * @param {string} text
   */
  #onEvent(frame, text) {
    const isNew = frame.seq > this.#dataSeq; // a snapshot may have included it
    const data = isNew ? applyEvent(this.#options.name, this.data, frame) : this.data;
    if (data === null) this.#sendProbe();
    else if (isNew) this.#set({ ...frame, data });
    this.#options.onEvent(frame, text);
    if (isNew && data !== null) this.#options.onChange(frame);
  }

  /**
   * A snapshot that a `get_*` action requested. It may include events that have not arrived.
   * @param {any} frame
   */
  #onQueryReply(frame) {
    this.#queryReply = frame;
    if (frame.seq < this.#dataSeq) return;
    const isChanged = JSON.stringify(frame.data) !== JSON.stringify(this.data);
    this.#set(frame);
    if (isChanged) this.#options.onChange(frame);
  }

  #sendProbe() {
    if (this.#probeId !== null) return;
    this.#probeId = newRequestId();
    const action = SNAPSHOT_ACTIONS[this.#options.name];
    this.link.send(JSON.stringify({ action, request_id: this.#probeId }));
  }

  /** @param {any} frame */
  #onProbeReply({ error, snapshot }) {
    this.#probeId = null;
    clearTimeout(this.#timer);
    this.link.onProbeReply();
    if (error !== undefined) {
      this.#timer = setTimeout(() => this.link.probe(), PROBE_RETRY);
      return;
    }
    this.link.live();
    const isBehind = () => snapshot.seq > Number(this.#position.last);
    if (this.#dataSeq < Number(this.#position.last)) this.#sendProbe(); // sent before the last event
    if (isBehind()) {
      this.#timer = setTimeout(() => {
        if (isBehind()) this.link.reconnect();
      }, this.#options.settings.timeout);
    }
  }

  /** @param {any} frame */
  #set(frame) {
    this.data = frame.data;
    this.#dataSeq = frame.seq;
  }
}

/**
 * The frame in a text; null if there is none, so that its sender is not the service.
 * @param {string} text
 */
function parse(text) {
  try {
    const frame = JSON.parse(text);
    return typeof frame === 'object' ? frame : null;
  } catch {
    return null;
  }
}
