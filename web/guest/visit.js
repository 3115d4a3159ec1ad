/**
 * What this phone keeps of a visit: its basket, the orders that it placed, and those that still wait
 * for the network. All of it survives a reload.
 */

import { qr, reason, recall, remember, Signal, t, tell } from '../shared/app.js';

const PAUSE_MS = 3_000;

const visits = new Map();

/** The one of a session. */
export function visitOf(session) {
  if (!visits.has(session)) visits.set(session, new Visit(session));
  return visits.get(session);
}

class Visit {
  #session;
  #delivering = false;
  #timer;
  changed = new Signal();

  constructor(session) {
    this.#session = session;
    /** `{ menu_item_id, quantity, notes }`, as an order has them. */
    this.basket = this.#recall('basket');
    /** `{ key, items }`, not known to be at the kitchen. */
    this.outbox = this.#recall('outbox');
    /** Ids of orders. */
    this.mine = this.#recall('mine');
    addEventListener('online', () => this.deliver());
  }

  /** How many of an item are in the basket. */
  quantityOf(menu_item_id) {
    const lines = this.basket.filter((line) => line.menu_item_id === menu_item_id);
    return lines.reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /** One more, or one less. */
  add(menu_item_id, more) {
    const known = this.basket.find((line) => line.menu_item_id === menu_item_id);
    const line = known ?? { menu_item_id, quantity: 0, notes: '' };
    const after = { ...line, quantity: Math.min(99, line.quantity + more) };
    const basket = known
      ? this.basket.map((each) => (each === known ? after : each))
      : [...this.basket, after];
    this.#set({ basket: basket.filter(({ quantity }) => quantity > 0) });
  }

  note(menu_item_id, notes) {
    this.#set({
      basket: this.basket.map((line) => (line.menu_item_id === menu_item_id ? { ...line, notes } : line)),
    });
  }

  remove(menu_item_id) {
    this.#set({ basket: this.basket.filter((line) => line.menu_item_id !== menu_item_id) });
  }

  /** Send the basket; what it holds is an order from here on, even without a network. */
  place() {
    if (this.basket.length === 0) return;
    const order = { key: newKey(), items: this.basket };
    this.#set({ outbox: [...this.outbox, order], basket: [] });
    this.deliver();
  }

  /** Send what waits, in its order; each is placed once, however often it is sent. */
  async deliver() {
    clearTimeout(this.#timer);
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.outbox.length > 0 && (await this.#sent(this.outbox[0])));
    this.#delivering = false;
    if (this.outbox.length > 0) this.#timer = setTimeout(() => this.deliver(), PAUSE_MS);
  }

  /** Whether there is an answer. */
  async #sent({ key, items }) {
    const outbox = () => this.outbox.filter((each) => each.key !== key);
    try {
      const path = `/sessions/${this.#session}/orders`;
      const { order_id } = await qr.http.post(path, { items }, { key, tries: 1 });
      this.#set({ outbox: outbox(), mine: [...this.mine, order_id] });
      tell(t('guest.placed'));
      return true;
    } catch (error) {
      if (!error.isFinal) return false;
      this.#set({ outbox: outbox(), basket: [...items, ...this.basket] }); // theirs to change
      tell(t('guest.refused', { reason: reason(error) }), 'bad');
      return true;
    }
  }

  #recall(what) {
    return recall(`${what}-${this.#session}`, []);
  }

  #set(changes) {
    for (const [what, value] of Object.entries(changes)) {
      this[what] = value;
      remember(`${what}-${this.#session}`, value);
    }
    this.changed.tell();
  }
}

/** `crypto.randomUUID` is missing from pages without TLS. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
