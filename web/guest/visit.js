/**
 * What this phone keeps of a visit: its basket, the orders that it placed, and those that are not known to
 * have arrived. All of it survives a reload, and all tabs of this browser share it.
 */

import {
  claims, isUnanswered, onRemembered, qr, Signal, t, tell,
} from '../shared/app.js';
import { newRequestId } from '../client/requests.js';
import { lineKey } from './pricing.js';
import { SharedList } from './shared-list.js';

const PAUSE_MS = 3_000;
const MOST = 99;
const LONGEST_NOTES = 200;

const visits = new Map();

/** @typedef {{menu_item_id: number, options?: {option_id: number, quantity: number}[], notes?: string, price?: string}} Line */

/** The one of a session. */
export function visitOf(session) {
  if (!visits.has(session)) visits.set(session, new Visit(session));
  return visits.get(session);
}

class Visit {
  #session;
  #lists;
  #isDelivering = false;
  #tried = new Set();
  /** @type {AbortController | null} the try under way */
  #attempt = null;
  #timer;
  changed = new Signal();
  /** Told the order and the error of each refusal. Its items are in the basket again. */
  refused = new Signal();

  constructor(session) {
    this.#session = session;
    this.#lists = {
      /** `{ menu_item_id, options, quantity, notes, price }`: the price of one, as it was shown. */
      basket: new SharedList(`basket-${session}`, lineKey),
      /** `{ key, items, expected_total, by }`: `by` is the bearer of the token that it was sent with. */
      outbox: new SharedList(`outbox-${session}`, ({ key }) => key),
      /** Ids of orders. */
      mine: new SharedList(`mine-${session}`, (id) => id),
    };
    this.#read();
    onRemembered(() => this.#read());
    addEventListener('online', () => {
      this.#attempt?.abort();
      this.deliver();
    });
  }

  /** How many of an item are in the basket, with any options. */
  quantityOf(menu_item_id) {
    return this.basket.reduce((all, line) => all + (line.menu_item_id === menu_item_id ? line.quantity : 0), 0);
  }

  /**
   * Put more, or fewer, of a line into the basket; equal lines are one.
   * @param {Line} line
   * @param {number} more
   */
  add({ menu_item_id, options = [], notes = '', price }, more) {
    const chosen = options.map(({ option_id, quantity }) => ({ option_id, quantity }));
    const fresh = { menu_item_id, options: chosen.sort((a, b) => a.option_id - b.option_id) };
    const key = lineKey(fresh);
    const line = this.#lists.basket.get(key) ?? { ...fresh, quantity: 0, notes: '', price };
    const quantity = Math.min(MOST, line.quantity + more);
    if (quantity > 0) this.#lists.basket.put({ ...line, quantity, notes: joined(line.notes, notes) });
    else this.#lists.basket.remove(key);
    this.#read();
  }

  note(key, notes) {
    const line = this.#lists.basket.get(key);
    if (line) this.#lists.basket.put({ ...line, notes });
    this.#read();
  }

  remove(key) {
    this.#lists.basket.remove(key);
    this.#read();
  }

  /**
   * Send the basket; what it holds is an order from here on, even without a network.
   * @param {string} [expected_total] the total that was shown
   */
  place(expected_total) {
    const items = this.#lists.basket.values;
    if (items.length === 0) return;
    this.#lists.outbox.put({ key: newRequestId(), items, expected_total });
    this.#lists.basket.clear();
    this.#read();
    this.deliver();
  }

  /** Send what waits, in its order; each is placed once, however often and from however many tabs it is sent. */
  async deliver() {
    clearTimeout(this.#timer);
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    let goesOn = true;
    try {
      for (let order = this.#next(); order && goesOn; order = this.#next()) {
        goesOn = await this.#sent(order);
      }
    } finally {
      this.#isDelivering = false;
    }
    if (this.#next()) this.#timer = setTimeout(() => this.deliver(), PAUSE_MS);
  }

  /**
   * What is known of an order in the outbox: it is being sent; it waits for the network; it was sent and
   * there is no answer; or `unsure`: no answer can come any more, because the token has changed.
   * @param {{key: string, by?: string}} order
   * @param {boolean} isConnected
   */
  stateOf({ key, by }, isConnected) {
    if (by !== undefined && by !== bearer()) return 'unsure';
    if (!isConnected) return 'waits';
    return this.#tried.has(key) ? 'unanswered' : 'sending';
  }

  /** Place an order again that may have arrived before, because a guest wants it. */
  sendAgain(key) {
    const { items, expected_total } = this.#lists.outbox.get(key) ?? {};
    if (!this.drop(key)) return;
    this.#lists.outbox.put({ key: newRequestId(), items, expected_total });
    this.#read();
    this.deliver();
  }

  /** Forget an order that is not known to have arrived; whether it was there. */
  drop(key) {
    const isThere = this.#lists.outbox.remove(key);
    this.#read();
    return isThere;
  }

  /** The visit is over. What is not known to have arrived stays, for whoever comes back to the table. */
  end() {
    clearTimeout(this.#timer);
    this.#lists.basket.clear();
    this.#lists.mine.clear();
  }

  /** The first that may be sent, as stored now: another tab may have removed one in the meantime. */
  #next() {
    return this.#lists.outbox.values.find(({ by }) => by === undefined || by === bearer());
  }

  /** Whether the next one can be sent. */
  async #sent(order) {
    const { key } = order;
    this.#lists.outbox.put({ ...order, by: bearer() });
    const attempt = new AbortController();
    this.#attempt = attempt;
    try {
      const path = `/sessions/${this.#session}/orders`;
      const { order_id } = await qr.http.post(path, bodyOf(order), { key, signal: attempt.signal, tries: 1 });
      this.#lists.mine.put(order_id);
      if (this.#lists.outbox.remove(key)) tell(t('guest.placed'));
      return true;
    } catch (error) {
      if (attempt.signal.aborted) return true; // the network is back: again, at once
      if (isUnanswered(error)) {
        this.#tried.add(key);
        qr.wake(); // the connection may be lost without a sign of it
        return false;
      }
      if (this.#lists.outbox.remove(key)) this.#refused(order, error);
      return true;
    } finally {
      this.#attempt = null;
      this.#read();
    }
  }

  /** Put the items into the basket again, for the guest to change. */
  #refused(order, error) {
    if (error.code === undefined) console.error(error); // a mistake of the page's own
    for (const item of order.items) {
      const line = this.#lists.basket.get(lineKey(item));
      const quantity = Math.min(MOST, item.quantity + (line?.quantity ?? 0));
      this.#lists.basket.put({ ...line, ...item, quantity, notes: joined(item.notes, line?.notes) });
    }
    this.refused.tell(order, error);
  }

  #read() {
    this.basket = this.#lists.basket.values;
    this.outbox = this.#lists.outbox.values;
    this.mine = this.#lists.mine.values;
    this.changed.tell();
  }
}

/** Whose requests these are to the service: under another bearer, the same key is another request. */
const bearer = () => claims().sub ?? '';

const joined = (...notes) => [...new Set(notes.filter(Boolean))].join('; ').slice(0, LONGEST_NOTES);

/** An order as it is sent. A field that the order does not have is not sent either: a repeated request is the same. */
function bodyOf({ items, expected_total }) {
  const lines = items.map(({ menu_item_id, quantity, notes, options }) => ({ menu_item_id, quantity, notes, options }));
  return { items: lines, expected_total };
}
