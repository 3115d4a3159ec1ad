/**
 * A visit's data on this phone: the basket, the ids of its orders, and the outbox of unconfirmed orders. It
 * survives a reload, and all tabs share it.
 */

import { claims, Emitter, isUnanswered, notify, onStorageChange, qr, t } from '../shared/app.js';
import { newRequestId } from '../client/requests.js';
import { lineKey } from '../shared/menu/pricing.js';
import { SharedList } from './shared-list.js';

const RETRY_MS = 3_000;
const MAX_QUANTITY = 99;
const MAX_NOTES_CHARS = 200;

const visits = new Map();

/** @typedef {{menu_item_id: number, options?: {option_id: number, quantity: number}[], notes?: string, price?: string}} Line */

/** The visit at a session; the same object for each call. */
export function visitOf(session) {
  if (!visits.has(session)) visits.set(session, new Visit(session));
  return visits.get(session);
}

class Visit {
  #session;
  #lists;
  #isSending = false;
  /** Keys of orders that were sent without an answer. */
  #unanswered = new Set();
  /** @type {AbortController | null} of the pending request */
  #attempt = null;
  #timer;
  /** Emits after each change. */
  changed = new Emitter();
  /** Emits each refused order and its error, after its items were put back into the basket. */
  refused = new Emitter();

  constructor(session) {
    this.#session = session;
    this.#lists = {
      /** `{ menu_item_id, options, quantity, notes, price }`: `price` is the unit price that the guest saw. */
      basket: new SharedList(`basket-${session}`, lineKey),
      /**
       * `{ key, items, expected_total, order_id, by }`: `order_id` is the order that the items are added to, if it is
       * not a new one; `by` is the subject of the token that it was sent with.
       */
      outbox: new SharedList(`outbox-${session}`, ({ key }) => key),
      ownOrderIds: new SharedList(`mine-${session}`, (id) => id),
    };
    this.#load();
    onStorageChange(() => this.#load());
    addEventListener('online', () => {
      this.#attempt?.abort();
      this.sendOutbox();
    });
  }

  /** The quantity of an item in the basket, with any options. */
  quantityOf(menu_item_id) {
    return this.basket.reduce((all, line) => all + (line.menu_item_id === menu_item_id ? line.quantity : 0), 0);
  }

  /**
   * Change the quantity of a line in the basket. Lines with the same item and options are merged.
   * @param {Line} line
   * @param {number} difference
   */
  add({ menu_item_id, options = [], notes = '', price }, difference) {
    const chosen = options.map(({ option_id, quantity }) => ({ option_id, quantity }));
    const newLine = { menu_item_id, options: chosen.sort((a, b) => a.option_id - b.option_id) };
    const key = lineKey(newLine);
    const line = this.#lists.basket.get(key) ?? { ...newLine, quantity: 0, notes: '', price };
    const quantity = Math.min(MAX_QUANTITY, line.quantity + difference);
    if (quantity > 0) this.#lists.basket.put({ ...line, quantity, notes: joinNotes(line.notes, notes) });
    else this.#lists.basket.remove(key);
    this.#load();
  }

  setNotes(key, notes) {
    const line = this.#lists.basket.get(key);
    if (line) this.#lists.basket.put({ ...line, notes });
    this.#load();
  }

  remove(key) {
    this.#lists.basket.remove(key);
    this.#load();
  }

  /**
   * Order the basket's items. The order is in the outbox from now on, even without a network.
   * @param {string} [expected_total] the total that was shown
   * @param {number} [order_id] the order to add them to; without it, they are a new one
   */
  place(expected_total, order_id) {
    const items = this.#lists.basket.values;
    if (items.length === 0) return;
    this.#lists.outbox.put({ key: newRequestId(), items, expected_total, order_id });
    this.#lists.basket.clear();
    this.#load();
    this.sendOutbox();
  }

  /** Send the orders of the outbox one after another. By its key, each is placed once, even if several tabs send it. */
  async sendOutbox() {
    clearTimeout(this.#timer);
    if (this.#isSending) return;
    this.#isSending = true;
    let isAnswered = true;
    try {
      for (let order = this.#next(); order && isAnswered; order = this.#next()) {
        isAnswered = await this.#send(order);
      }
    } finally {
      this.#isSending = false;
    }
    if (this.#next()) this.#timer = setTimeout(() => this.sendOutbox(), RETRY_MS);
  }

  /**
   * The state of an order in the outbox: `sending`; `waits` for the network; `unanswered`; or `unsure`, if the token
   * has changed, so that a retry would not be recognized as the same request.
   * @param {{key: string, by?: string}} order
   * @param {boolean} isConnected
   */
  stateOf({ key, by }, isConnected) {
    if (by !== undefined && by !== subject()) return 'unsure';
    if (!isConnected) return 'waits';
    return this.#unanswered.has(key) ? 'unanswered' : 'sending';
  }

  /** Place an unsure order again, at the guest's request; if the first one arrived, there are two. */
  sendAgain(key) {
    const { items, expected_total, order_id } = this.#lists.outbox.get(key) ?? {};
    if (!this.discard(key)) return;
    this.#lists.outbox.put({ key: newRequestId(), items, expected_total, order_id });
    this.#load();
    this.sendOutbox();
  }

  /** Remove an order from the outbox; returns whether it was there. */
  discard(key) {
    const existed = this.#lists.outbox.remove(key);
    this.#load();
    return existed;
  }

  /** End the visit. The outbox stays, in case the guest returns to the session. */
  end() {
    clearTimeout(this.#timer);
    this.#lists.basket.clear();
    this.#lists.ownOrderIds.clear();
  }

  /** The first order to send, read from the storage, because another tab may have removed some. */
  #next() {
    return this.#lists.outbox.values.find(({ by }) => by === undefined || by === subject());
  }

  /** Send one order; resolves to whether it is answered, so that the next one can be sent. */
  async #send(order) {
    const { key, order_id: target } = order;
    this.#lists.outbox.put({ ...order, by: subject() });
    const attempt = new AbortController();
    this.#attempt = attempt;
    try {
      const path = target ? `/orders/${target}/items` : `/sessions/${this.#session}/orders`;
      const { order_id = target } = await qr.http.post(path, bodyOf(order), { key, signal: attempt.signal, tries: 1 });
      this.#lists.ownOrderIds.put(order_id);
      if (this.#lists.outbox.remove(key)) notify(t(target ? 'guest.added' : 'guest.placed'));
      return true;
    } catch (error) {
      if (attempt.signal.aborted) return true; // the network is back: send it again at once
      if (isUnanswered(error)) {
        this.#unanswered.add(key);
        qr.wake(); // the WebSocket may be dead, too
        return false;
      }
      if (this.#lists.outbox.remove(key)) this.#onRefused(order, error);
      return true;
    } finally {
      this.#attempt = null;
      this.#load();
    }
  }

  /** Put the items back into the basket, so that the guest can change them. */
  #onRefused(order, error) {
    if (error.code === undefined) console.error(error); // a bug of this page
    for (const item of order.items) {
      const line = this.#lists.basket.get(lineKey(item));
      const quantity = Math.min(MAX_QUANTITY, item.quantity + (line?.quantity ?? 0));
      this.#lists.basket.put({ ...line, ...item, quantity, notes: joinNotes(item.notes, line?.notes) });
    }
    this.refused.emit(order, error);
  }

  #load() {
    this.basket = this.#lists.basket.values;
    this.outbox = this.#lists.outbox.values;
    this.ownOrderIds = this.#lists.ownOrderIds.values;
    this.changed.emit();
  }
}

/** The token's subject. An idempotency key belongs to it: the same key of another subject is another request. */
const subject = () => claims().sub ?? '';

const joinNotes = (...notes) => [...new Set(notes.filter(Boolean))].join('; ').slice(0, MAX_NOTES_CHARS);

/** The body of an order's request. Missing fields are not sent, so that a repeated request has the same digest. */
function bodyOf({ items, expected_total }) {
  const lines = items.map(({ menu_item_id, quantity, notes, options }) => ({ menu_item_id, quantity, notes, options }));
  return { items: lines, expected_total };
}
