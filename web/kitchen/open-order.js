/**
 * One order on the kitchen's board, with the newest status and items that are known of it. Its
 * channel sends each change; the items come over HTTP first, because that channel begins without them.
 */

import { qr } from '../shared/app.js';

/** Requests for items at a time: the browser has two more connections for what the cook does. */
const READS = 4;
let reading = 0;
const waiting = [];

export class OpenOrder {
  #changed;
  #channel = null;
  #stops = [];
  #version = -1;
  #itemsVersion = -1;
  #neededVersion = 0;
  #isReading = false;
  #isClosed = false;

  /** The items; null until they are known. */
  items = null;
  /** Whether it arrived while the board was shown, and was not in view since. */
  isNew = false;
  /** Ids of cancelled items that the cook knows about; null until the items are known. */
  seenVoids = null;

  /** `row` is the order as its restaurant lists it; `changed` is called after each change. */
  constructor(row, changed) {
    this.row = row;
    this.id = row.order_id;
    this.status = row.status;
    this.#changed = changed;
    this.#read();
  }

  get isLive() {
    return this.#channel !== null;
  }

  /** Items that were cancelled after the cook saw them in the order. */
  get newVoids() {
    const known = this.seenVoids ?? [];
    return (this.items ?? []).filter(({ item_id, status }) => status === 'voided' && !known.includes(item_id));
  }

  /** Keep it current through its channel. */
  follow() {
    const channel = qr.order(this.id);
    this.#channel = channel;
    this.#stops = [
      channel.on('snapshot', (data) => this.#began(data)),
      channel.on('order_items_update', (data) => this.#tookItems(data)),
      channel.follow((data) => this.#took(data)),
    ];
  }

  /** Read it again, if no channel keeps it current. */
  refresh() {
    this.#neededVersion = this.#itemsVersion + 1;
    this.#read();
  }

  /** Set the status; resolves when that is done, however long there is no connection. */
  async advance(status) {
    const { data } = await qr.http.patch(`/orders/${this.id}`, { status }, { tries: Infinity });
    if (data.version >= this.#version) this.#took(data);
  }

  /** The same for one item that is ready. */
  async finish(item_id) {
    const path = `/orders/${this.id}/items/${item_id}`;
    this.#tookItems((await qr.http.patch(path, { status: 'ready' }, { tries: Infinity })).data);
  }

  /** No longer keep it current. */
  leave() {
    this.#stops.forEach((stop) => stop());
    this.#channel?.close();
    this.#channel = null;
  }

  close() {
    this.#isClosed = true;
    this.leave();
  }

  /** The channel's snapshot: a service that lost its last writes has gone back to older items. */
  #began({ version }) {
    if (version < this.#version) this.#itemsVersion = -1;
    this.#neededVersion = version;
    this.#read();
  }

  #took({ status, version }) {
    this.status = status;
    this.#version = version;
    this.#changed(this);
  }

  #tookItems({ items, status, version }) {
    if (version < this.#itemsVersion) return;
    this.#itemsVersion = version;
    this.items = items;
    this.seenVoids ??= items.filter((item) => item.status === 'voided').map(({ item_id }) => item_id);
    if (version >= this.#version) this.#took({ status, version });
    else this.#changed(this);
  }

  async #read() {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.#isClosed && this.#itemsVersion < this.#neededVersion) {
      const tried = this.#neededVersion;
      const answer = await inTurn(() => qr.http.get(`/orders/${this.id}/items`, { tries: Infinity })).catch(() => null);
      if (this.#isClosed || !answer) break; // it was refused: the page says so where it shows the connection
      this.#tookItems(answer.data);
      if (tried === this.#neededVersion) break;
    }
    this.#isReading = false;
  }
}

/** Do a few of these at a time, the first to come first. */
async function inTurn(read) {
  if (reading === READS) await new Promise((begin) => waiting.push(begin));
  else reading += 1;
  try {
    return await read();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else reading -= 1;
  }
}
