/**
 * The orders that the kitchen has to know about. A restaurant announces new orders, not each step of
 * theirs, so every open order is followed by itself until it is served. A cancelled order stays until
 * the cook puts it away, also after a reload.
 */

import { qr, recall, remember, Signal } from '../shared/app.js';
import { OpenOrder } from './open-order.js';

const DONE = ['delivered', 'cancelled'];

/** Browsers have about 200 sockets in all, also for other tabs. */
const MOST_LIVE = 150;
const REFRESH_MS = 15_000;

export class Board {
  #orders = new Map();
  #gone = new Set();
  #key;
  #timer;
  #isFirst = true;
  /** Told of each change. */
  changed = new Signal();
  /** Told of each order that was not there when the board was first shown. */
  arrived = new Signal();

  constructor(restaurant) {
    this.#key = `kitchen-${restaurant}`;
    this.#timer = setInterval(() => this.#unfollowed.forEach((order) => order.refresh()), REFRESH_MS);
  }

  /** The orders that a restaurant lists. */
  show(rows) {
    const seen = this.#isFirst ? recall(this.#key, {}) : {};
    for (const row of rows) {
      if (DONE.includes(row.status) || this.#orders.has(row.order_id) || this.#gone.has(row.order_id)) continue;
      const order = this.#add(row, seen[row.order_id]);
      if (this.#isFirst) continue;
      order.isNew = true;
      this.arrived.tell(order);
    }
    for (const id of Object.keys(seen).map(Number)) {
      if (!this.#orders.has(id)) this.#findOut(id, seen[id]);
    }
    this.#isFirst = false;
    this.#follow();
    this.changed.tell();
  }

  /** The oldest first. */
  get orders() {
    return [...this.#orders.values()]
      .sort((a, b) => a.row.created_at.localeCompare(b.row.created_at) || a.id - b.id);
  }

  /** How many orders are polled, because a browser has too few connections for all. */
  get refreshed() {
    return this.#unfollowed.length;
  }

  /** The cook has it in view. */
  seen(order) {
    order.isNew = false;
    this.changed.tell();
  }

  /** The cook knows that this item is cancelled. */
  sawVoid(order, item_id) {
    order.seenVoids.push(item_id);
    this.#keep(order);
    this.changed.tell();
  }

  /** Stop following an order. */
  putAway(order) {
    this.#gone.add(order.id);
    this.#orders.delete(order.id);
    order.close();
    this.#forget(order.id);
    this.#follow();
    this.changed.tell();
  }

  close() {
    clearInterval(this.#timer);
    for (const order of this.#orders.values()) order.close();
    this.#orders.clear();
  }

  get #unfollowed() {
    return this.orders.filter(({ isLive, status }) => !isLive && !DONE.includes(status));
  }

  #add(row, seenVoids = null) {
    const order = new OpenOrder(row, (changed) => this.#changed(changed));
    order.seenVoids = seenVoids;
    this.#orders.set(row.order_id, order);
    this.#keep(order);
    return order;
  }

  /** What became of an order that was on the board before the page was loaded again. */
  async #findOut(id, seenVoids) {
    try {
      const { data } = await qr.http.get(`/orders/${id}`, { tries: Infinity });
      if (data.status === 'delivered') this.#forget(id);
      else if (!this.#orders.has(id)) this.#add({ ...data, order_id: id }, seenVoids);
      this.#follow();
      this.changed.tell();
    } catch (error) {
      if (error.code === 'not_found') this.#forget(id);
    }
  }

  /** The oldest orders have a channel each; as orders leave, others get theirs. */
  #follow() {
    const unfollowed = this.#unfollowed;
    const live = [...this.#orders.values()].filter(({ isLive }) => isLive).length;
    unfollowed.slice(0, Math.max(0, MOST_LIVE - live)).forEach((order) => order.follow());
  }

  #changed(order) {
    if (!this.#orders.has(order.id)) return;
    if (order.status === 'delivered') {
      this.putAway(order);
      return;
    }
    if (order.status === 'cancelled' && order.isLive) {
      order.leave();
      this.#follow();
    }
    this.#keep(order);
    this.changed.tell();
  }

  /** Remember that it is on the board, and which cancelled items the cook knows about. */
  #keep({ id, seenVoids }) {
    const kept = recall(this.#key, {});
    if (JSON.stringify(kept[id]) !== JSON.stringify(seenVoids)) remember(this.#key, { ...kept, [id]: seenVoids });
  }

  #forget(id) {
    const { [id]: _, ...others } = recall(this.#key, {});
    remember(this.#key, others);
  }
}
