/**
 * The orders on the kitchen's screen. A restaurant's channel announces new orders but not each change, so the board
 * subscribes to every open order until it is delivered. A cancelled order stays until the cook dismisses it, even
 * after a reload.
 */

import { Emitter, qr, storage } from '../shared/app.js';
import { OpenOrder } from './open-order.js';

const DONE = ['delivered', 'cancelled'];

/** Browsers allow about 200 WebSockets, which all tabs share. */
const MAX_CHANNELS = 150;
const POLL_MS = 15_000;

export class Board {
  #orders = new Map();
  #dismissed = new Set();
  #storageKey;
  #timer;
  #isFirst = true;
  /** Emits after each change. */
  changed = new Emitter();
  /** Emits each order that arrives after the first update. */
  arrived = new Emitter();

  /** @param {number | string} restaurantId */
  constructor(restaurantId) {
    this.#storageKey = `kitchen-${restaurantId}`;
    this.#timer = setInterval(() => this.#polled.forEach((order) => order.refresh()), POLL_MS);
  }

  /** Add the open orders that the board does not show. The first call also restores what it showed before a reload. */
  update(rows) {
    const stored = this.#isFirst ? storage.get(this.#storageKey, {}) : {};
    for (const row of rows) {
      if (DONE.includes(row.status) || this.#orders.has(row.order_id) || this.#dismissed.has(row.order_id)) continue;
      const order = this.#add(row, stored[row.order_id]);
      if (this.#isFirst) continue;
      order.isNew = true;
      this.arrived.emit(order);
    }
    for (const id of Object.keys(stored).map(Number)) {
      if (!this.#orders.has(id)) this.#restore(id, stored[id]);
    }
    this.#isFirst = false;
    this.#openChannels();
    this.changed.emit();
  }

  /** The oldest first. */
  get orders() {
    return [...this.#orders.values()]
      .sort((a, b) => a.row.created_at.localeCompare(b.row.created_at) || a.id - b.id);
  }

  /** How many orders are polled because the browser allows no more channels. */
  get polledCount() {
    return this.#polled.length;
  }

  /** The order has been in view. */
  markSeen(order) {
    order.isNew = false;
    this.changed.emit();
  }

  /** The cook has acknowledged that this item is cancelled. */
  acknowledgeVoid(order, item_id) {
    order.acknowledgedVoids.push(item_id);
    this.#store(order);
    this.changed.emit();
  }

  /** Remove an order from the board. */
  dismiss(order) {
    this.#dismissed.add(order.id);
    this.#orders.delete(order.id);
    order.close();
    this.#unstore(order.id);
    this.#openChannels();
    this.changed.emit();
  }

  close() {
    clearInterval(this.#timer);
    for (const order of this.#orders.values()) order.close();
    this.#orders.clear();
  }

  get #polled() {
    return this.orders.filter(({ isLive, status }) => !isLive && !DONE.includes(status));
  }

  #add(row, acknowledgedVoids = null) {
    const order = new OpenOrder(row, () => this.#onChange(order));
    order.acknowledgedVoids = acknowledgedVoids;
    this.#orders.set(row.order_id, order);
    this.#store(order);
    return order;
  }

  /** Read the status of an order that was on the board before a reload; add it unless it was delivered. */
  async #restore(id, acknowledgedVoids) {
    try {
      const { data } = await qr.http.get(`/orders/${id}`, { tries: Infinity });
      if (data.status === 'delivered') this.#unstore(id);
      else if (!this.#orders.has(id)) this.#add({ ...data, order_id: id }, acknowledgedVoids);
      this.#openChannels();
      this.changed.emit();
    } catch (error) {
      if (error.code === 'not_found') this.#unstore(id);
    }
  }

  /** Open channels for the oldest orders without one, as far as the limit allows. */
  #openChannels() {
    const polled = this.#polled;
    const live = [...this.#orders.values()].filter(({ isLive }) => isLive).length;
    polled.slice(0, Math.max(0, MAX_CHANNELS - live)).forEach((order) => order.follow());
  }

  #onChange(order) {
    if (!this.#orders.has(order.id)) return;
    if (order.status === 'delivered') {
      this.dismiss(order);
      return;
    }
    if (order.status === 'cancelled' && order.isLive) {
      order.unfollow();
      this.#openChannels();
    }
    this.#store(order);
    this.changed.emit();
  }

  /** Store that an order is on the board, and which cancelled items the cook has acknowledged. */
  #store({ id, acknowledgedVoids }) {
    const stored = storage.get(this.#storageKey, {});
    if (JSON.stringify(stored[id]) === JSON.stringify(acknowledgedVoids)) return;
    storage.set(this.#storageKey, { ...stored, [id]: acknowledgedVoids });
  }

  #unstore(id) {
    const { [id]: _, ...others } = storage.get(this.#storageKey, {});
    storage.set(this.#storageKey, others);
  }
}
