/**
 * The open orders of a restaurant with their items. A restaurant tells of new orders, not of each
 * step of theirs: so every order that is open is listened to itself, until it is served.
 */

import { qr, Signal } from '../shared/app.js';

const DONE = ['delivered', 'cancelled'];

export class Board {
  #open = new Map();
  #done = new Set();
  #isFirst = true;
  /** Told of each change. */
  changed = new Signal();
  /** Told of each order that was not there when the board was first shown. */
  arrived = new Signal();

  /** The orders that a restaurant lists. */
  show(orders) {
    for (const row of orders) {
      if (this.#open.has(row.order_id) || this.#done.has(row.order_id)) continue;
      this.#listen(row);
      if (!this.#isFirst) this.arrived.tell(row);
    }
    this.#isFirst = false;
    this.changed.tell();
  }

  /** `{ id, order, items, channels }`, the oldest first. */
  get tickets() {
    return [...this.#open.values()]
      .map(({ row, order, items }) => ({
        id: row.order_id,
        order: order.data ?? row,
        items: items.data?.items ?? [],
        channels: { order, items },
      }))
      .sort((a, b) => a.order.created_at.localeCompare(b.order.created_at) || a.id - b.id);
  }

  close() {
    for (const id of this.#open.keys()) this.#leave(id);
  }

  #listen(row) {
    const [order, items] = [qr.order(row.order_id), qr.items(row.order_id)];
    this.#open.set(row.order_id, { row, order, items });
    order.follow(({ status }) => {
      if (DONE.includes(status)) {
        this.#done.add(row.order_id);
        this.#leave(row.order_id);
      }
      this.changed.tell();
    });
    items.follow(() => this.changed.tell());
  }

  #leave(id) {
    const { order, items } = this.#open.get(id);
    this.#open.delete(id);
    order.close();
    items.close();
  }
}
