/** The channels of a client, each opened once. */

import { Channel } from './channel.js';
import { LivenessProbe } from './liveness-probe.js';
import { onOffline, onWake } from './wake-events.js';

/** Channel states, the worst first. */
const STATES = /** @type {const} */ (['stale', 'reconnecting', 'connecting', 'live', 'closed']);

export class Channels {
  /** @type {Map<string, Channel>} */
  #channels = new Map();
  /** @type {Array<() => void>} */
  #stops = [];
  #settings;
  #tokens;

  /**
   * @param {import('./service.js').Settings} settings
   * @param {import('./tokens.js').Tokens} tokens
   */
  constructor(settings, tokens) {
    this.#settings = settings;
    this.#tokens = tokens;
  }

  /** The worst status of all open channels, which a page shows its user; null without any. */
  get status() {
    /** @param {Channel} channel */
    const rank = ({ status }) => STATES.indexOf(status.state);
    const sorted = [...this.#channels.values()].sort(
      (a, b) => rank(a) - rank(b) || Number(a.status.since) - Number(b.status.since),
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
   * The channel with this name and id: the same object until it is closed.
   * @param {any} name
   * @param {number | string} id
   */
  channel(name, id) {
    const key = `${name}/${id}`;
    const open = this.#channels.get(key);
    if (open && open.status.state !== 'closed') return open;
    const channel = new Channel(name, id, this.#settings, this.#tokens);
    this.#channels.set(key, channel);
    if (this.#stops.length === 0) this.#stops = this.#watch();
    return channel;
  }

  /** Probe every connection now, as the events of `wake-events.js` do. */
  wake() {
    for (const channel of this.#channels.values()) channel.wake();
  }

  /** Close every channel. */
  disconnect() {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #watch() {
    const channels = () => [...this.#channels.values()];
    const stops = [
      onWake(() => this.wake()),
      onOffline(() => channels().forEach((channel) => channel.reconnect())),
    ];
    const { pulse, pulseTimeout } = this.#settings;
    if (!pulse) return stops;
    const probe = new LivenessProbe(channels, { silence: pulse, timeout: pulseTimeout });
    return [...stops, () => probe.stop()];
  }
}
