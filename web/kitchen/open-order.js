/**
 * One order on the kitchen's board, with its newest status and items. Its channel sends each change. The items are
 * first read over HTTP, because the channel's snapshot does not have them.
 */

import { qr } from '../shared/app.js';

/** Concurrent reads of items: a browser has six connections, so that two are left for the cook's actions. */
const MAX_READS = 4;
let reads = 0;
const queue = [];

export class OpenOrder {
  #onChange;
  #channel = null;
  #stops = [];
  #version = -1;
  #itemsVersion = -1;
  #neededVersion = 0;
  #isReading = false;
  #isClosed = false;

  /** The items; null until they are loaded. */
  items = null;
  /** Whether it arrived after the page was loaded and has not been in view yet. */
  isNew = false;
  /** Ids of cancelled items that the cook has acknowledged; null until the items are loaded. */
  acknowledgedVoids = null;

  /** `row` is the order as its restaurant lists it; `onChange` is called after each change. */
  constructor(row, onChange) {
    this.row = row;
    this.id = row.order_id;
    this.status = row.status;
    this.#onChange = onChange;
    this.#read();
  }

  get isLive() {
    return this.#channel !== null;
  }

  /** Cancelled items that the cook has not acknowledged. */
  get newVoids() {
    const acknowledged = this.acknowledgedVoids ?? [];
    return (this.items ?? []).filter(({ item_id, status }) => status === 'voided' && !acknowledged.includes(item_id));
  }

  /** Open the order's channel. */
  follow() {
    const channel = qr.order(this.id);
    this.#channel = channel;
    this.#stops = [
      channel.on('snapshot', (data) => this.#onSnapshot(data)),
      channel.on('order_items_update', (data) => this.#setItems(data)),
      channel.follow((data) => this.#setStatus(data)),
    ];
  }

  /** Read the items again; for an order without a channel. */
  refresh() {
    this.#neededVersion = this.#itemsVersion + 1;
    this.#read();
  }

  /** Set the status; retries until the service answers. */
  async advance(status) {
    const { data } = await qr.http.patch(`/orders/${this.id}`, { status }, { tries: Infinity });
    if (data.version >= this.#version) this.#setStatus(data);
  }

  /** Set one item to ready; retries until the service answers. */
  finish(item_id) {
    return this.#updateItem(item_id, { status: 'ready' });
  }

  /** Set one item back to pending. A ready order needs a reason. */
  recall(item_id, reason) {
    return this.#updateItem(item_id, { status: 'pending', reason });
  }

  async #updateItem(item_id, body) {
    const path = `/orders/${this.id}/items/${item_id}`;
    this.#setItems((await qr.http.patch(path, body, { tries: Infinity })).data);
  }

  /** Close the order's channel. */
  unfollow() {
    this.#stops.forEach((stop) => stop());
    this.#channel?.close();
    this.#channel = null;
  }

  close() {
    this.#isClosed = true;
    this.unfollow();
  }

  /** Read the items of a snapshot. Its version is older than ours if the service has lost its last writes. */
  #onSnapshot({ version }) {
    if (version < this.#version) this.#itemsVersion = -1;
    this.#neededVersion = version;
    this.#read();
  }

  #setStatus({ status, version }) {
    this.status = status;
    this.#version = version;
    this.#onChange();
  }

  #setItems({ items, status, version }) {
    if (version < this.#itemsVersion) return;
    this.#itemsVersion = version;
    this.items = items;
    this.acknowledgedVoids ??= items.filter((item) => item.status === 'voided').map(({ item_id }) => item_id);
    if (version >= this.#version) this.#setStatus({ status, version });
    else this.#onChange();
  }

  async #read() {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.#isClosed && this.#itemsVersion < this.#neededVersion) {
      const requested = this.#neededVersion;
      const response = await withReadLimit(() => qr.http.get(`/orders/${this.id}/items`, { tries: Infinity })).catch(() => null);
      if (this.#isClosed || !response) break; // refused: the header shows the reason
      this.#setItems(response.data);
      if (requested === this.#neededVersion) break;
    }
    this.#isReading = false;
  }
}

/** Call `read`, at most `MAX_READS` at a time, in the order of the calls. */
async function withReadLimit(read) {
  if (reads === MAX_READS) await new Promise((resolve) => queue.push(resolve));
  else reads += 1;
  try {
    return await read();
  } finally {
    const next = queue.shift();
    if (next) next();
    else reads -= 1;
  }
}
