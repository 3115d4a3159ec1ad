/** The service as a page sees it: its channels, its HTTP API, and whether all of it is current. */

import { Channel } from './channel.js';
import { Clock } from './clock.js';
import { Handshakes } from './handshakes.js';
import { Http } from './http.js';
import { Pulse } from './pulse.js';
import { Tokens } from './tokens.js';
import { onOffline, onWake } from './wake.js';

/**
 * What is set for all channels of a client; times are milliseconds.
 * @typedef {object} Settings
 * @property {string} url
 * @property {any} WebSocket
 * @property {{first?: number, longest?: number}} backoff
 * @property {number} heartbeat
 * @property {number} patience
 * @property {number} pulse
 * @property {number} pulsePatience
 * @property {number} staleAfter
 * @property {number} queue
 * @property {Handshakes} handshakes
 * @property {((status: import('./index.js').Status, channel: any) => void)} [onStatus]
 */

const DEFAULTS = {
  heartbeat: 25_000, patience: 10_000, pulse: 0, pulsePatience: 3_000, staleAfter: 10_000, queue: 100,
};

/** How many handshakes may be pending at a time. */
const HANDSHAKES = 8;

/** The worst first: what a page should own up to. */
const STATES = /** @type {const} */ (['stale', 'reconnecting', 'connecting', 'live', 'closed']);

export class RestaurantQR {
  /** @type {Map<string, Channel>} */
  #channels = new Map();
  /** @type {Array<() => void>} */
  #stops = [];
  #settings;
  #tokens;
  #clock = new Clock();

  /** @param {import('./index.js').Options} [options] */
  constructor({ url, token, renewToken, onTokenRefused, WebSocket = globalThis.WebSocket, ...options } = {}) {
    if (!WebSocket) throw new TypeError('There is no WebSocket here: pass one as an option.');
    const base = (url ?? ownUrl()).replace(/^ws/, 'http').replace(/\/$/, '');
    const handshakes = new Handshakes(HANDSHAKES);
    this.#settings = { backoff: {}, ...DEFAULTS, ...options, url: base, WebSocket, handshakes };
    this.#tokens = new Tokens(token, renewToken, onTokenRefused);
    this.http = new Http(this.#settings, this.#tokens, this.#clock);
  }

  /** The token in use; a new one is for what is connected or asked from now on. */
  get token() {
    return this.#tokens.current;
  }

  set token(token) {
    this.#tokens.current = token;
  }

  /** The service's time, whatever this machine's clock says; null until the first answer. */
  get now() {
    return this.#clock.now;
  }

  /**
   * What the service's time was when this machine's clock showed `machine`; the same if it is unknown.
   * @param {Date} machine
   */
  timeOf(machine) {
    const { now } = this;
    return now ? new Date(Number(now) - (Date.now() - Number(machine))) : machine;
  }

  /** Ask the service for its time; resolves to `now`, also when there is no answer. */
  async askTime() {
    const { url, patience } = this.#settings;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), patience);
    const sentAt = this.#clock.start();
    try {
      const answer = await fetch(`${url}/healthz`, { cache: 'no-store', redirect: 'error', signal: limit.signal });
      this.#clock.read(answer.headers.get('Date'), sentAt);
    } catch {
      // no network, or no answer in time: what is known of the time stays
    } finally {
      clearTimeout(timer);
    }
    return this.now;
  }

  /** The worst status of all channels that are open: what a page tells its user. */
  get status() {
    /** @param {Channel} channel */
    const badness = ({ status }) => STATES.indexOf(status.state);
    const sorted = [...this.#channels.values()].sort(
      (a, b) => badness(a) - badness(b) || Number(a.status.since) - Number(b.status.since),
    );
    return sorted[0]?.status ?? null;
  }

  /** @param {number | string} id */
  order(id) {
    return this.channel('order', id);
  }

  /** @param {number | string} orderId */
  items(orderId) {
    return this.channel('items', orderId);
  }

  /** @param {number | string} id */
  table(id) {
    return this.channel('table', id);
  }

  /** @param {number | string} id */
  session(id) {
    return this.channel('session', id);
  }

  /** @param {number | string} id */
  waiter(id) {
    return this.channel('waiter', id);
  }

  /** @param {number | string} id */
  restaurant(id) {
    return this.channel('restaurant', id);
  }

  /** @param {number | string} restaurantId */
  notifications(restaurantId) {
    return this.channel('notifications', restaurantId);
  }

  /** @param {number | string} restaurantId */
  menu(restaurantId) {
    return this.channel('menu', restaurantId);
  }

  /** @param {number | string} restaurantId */
  devices(restaurantId) {
    return this.channel('devices', restaurantId);
  }

  /**
   * The channel of that name; the same one for all who ask, until it is closed.
   * @param {any} name
   * @param {number | string} id
   */
  channel(name, id) {
    const key = `${name}/${id}`;
    const open = this.#channels.get(key);
    if (open && open.status.state !== 'closed') return open;
    const channel = new Channel(name, id, this.#settings, this.#tokens);
    this.#channels.set(key, channel);
    if (this.#stops.length === 0) this.#stops = this.#watching();
    return channel;
  }

  /**
   * A guest's way in, by the code of a table or of a session; resolves to the session's data.
   * @param {{table_code: string} | {session_code: string}} code
   */
  async join(code) {
    const { token, data } = await this.http.post('/sessions/join', code);
    this.#tokens.current = token;
    return data;
  }

  /** Make sure of every connection now; browsers' own signs of life do it, too. */
  wake() {
    for (const channel of this.#channels.values()) channel.wake();
  }

  /** Close every channel. */
  disconnect() {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #watching() {
    const channels = () => [...this.#channels.values()];
    const stops = [
      onWake(() => this.wake()),
      onOffline(() => channels().forEach((channel) => channel.cut())),
    ];
    const { pulse, pulsePatience } = this.#settings;
    if (!pulse) return stops;
    const watching = new Pulse(channels, { silence: pulse, patience: pulsePatience });
    return [...stops, () => watching.stop()];
  }
}

/** Where this module was loaded from, if that is the service itself. */
function ownUrl() {
  const here = /^(https?:\/\/.+)\/client\/service\.js$/.exec(import.meta.url);
  return here ? here[1] : 'http://localhost:9000';
}
