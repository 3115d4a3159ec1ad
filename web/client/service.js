/** The client of a service: its channels, its HTTP API, its token and its time. */

import { Channels } from './channels.js';
import { Clock } from './clock.js';
import { Handshakes } from './handshakes.js';
import { Http } from './http.js';
import { Tokens } from './tokens.js';

/**
 * The settings of all channels of a client; times are milliseconds.
 * @typedef {object} Settings
 * @property {string} url
 * @property {any} WebSocket
 * @property {{first?: number, longest?: number}} backoff
 * @property {number} heartbeat
 * @property {number} timeout
 * @property {number} pulse
 * @property {number} pulseTimeout
 * @property {number} staleAfter
 * @property {number} queue
 * @property {Handshakes} handshakes
 * @property {((status: import('./index.js').Status, channel: any) => void)} [onStatus]
 */

const DEFAULTS = {
  heartbeat: 25_000, timeout: 10_000, pulse: 0, pulseTimeout: 3_000, staleAfter: 10_000, queue: 100,
};

const MAX_PENDING_HANDSHAKES = 8;

export class RestaurantQR extends Channels {
  #settings;
  #tokens;
  #clock = new Clock();

  /** @param {import('./index.js').Options} [options] */
  constructor({ url, token, renewToken, onTokenRefused, WebSocket = globalThis.WebSocket, ...options } = {}) {
    if (!WebSocket) throw new TypeError('There is no WebSocket here: pass one as an option.');
    const base = (url ?? ownUrl()).replace(/^ws/, 'http').replace(/\/$/, '');
    const handshakes = new Handshakes(MAX_PENDING_HANDSHAKES);
    const settings = { backoff: {}, ...DEFAULTS, ...options, url: base, WebSocket, handshakes };
    const tokens = new Tokens(token, renewToken, onTokenRefused);
    super(settings, tokens);
    this.#settings = settings;
    this.#tokens = tokens;
    this.http = new Http(settings, tokens, this.#clock);
  }

  /** The token in use; a new one is used for requests and connections from now on. */
  get token() {
    return this.#tokens.current;
  }

  set token(token) {
    this.#tokens.current = token;
  }

  /** The service's time, independent of this machine's clock; null until the first response. */
  get now() {
    return this.#clock.now;
  }

  /**
   * The service's time when this machine's clock showed `machine`; the same if it is unknown.
   * @param {Date} machine
   */
  timeOf(machine) {
    const { now } = this;
    return now ? new Date(Number(now) - (Date.now() - Number(machine))) : machine;
  }

  /** Request the service's time; resolves to `now`, also without a response. */
  async askTime() {
    const { url, timeout } = this.#settings;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeout);
    const sentAt = this.#clock.start();
    try {
      const { signal } = controller;
      const response = await fetch(`${url}/healthz`, { cache: 'no-store', redirect: 'error', signal });
      this.#clock.read(response.headers.get('Date'), sentAt);
    } catch {
      // no network, or no response in time: `now` stays as it is
    } finally {
      clearTimeout(timer);
    }
    return this.now;
  }

  /**
   * Join a session as a guest, by the code of its table or its own; resolves to the session's data.
   * @param {{table_code: string} | {session_code: string}} code
   */
  async join(code) {
    const { token, data } = await this.http.post('/sessions/join', code);
    this.#tokens.current = token;
    return data;
  }
}

/** The URL from which this module was loaded, if that is the service itself. */
function ownUrl() {
  const here = /^(https?:\/\/.+)\/client\/service\.js$/.exec(import.meta.url);
  return here ? here[1] : 'http://localhost:9000';
}
