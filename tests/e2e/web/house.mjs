// What the tests of the client have in common: the service under test, a network that can fail, and
// things to wait for. Time is never measured.
import { webcrypto } from 'node:crypto';
import net from 'node:net';

import { WebSocket } from 'ws';

globalThis.crypto ??= webcrypto; // Node 18, as Debian 12 has it

/** The service that pytest has started, and a token for all of its chain. */
export const SERVICE = process.env.RESTAURANT_QR_TEST_URL;
export const TOKEN = process.env.RESTAURANT_QR_TEST_TOKEN;

/** Short times, so that a test need not wait; nothing asserts them. */
export const HASTY = {
  WebSocket,
  token: TOKEN,
  url: SERVICE,
  backoff: { first: 50, longest: 500 },
  heartbeat: 400,
  timeout: 3_000,
  staleAfter: 300,
};

/** Wait until something holds, and give what it gave. */
export async function until(holds, what = holds.toString()) {
  for (let tries = 0; tries < 1_200; tries += 1) {
    const given = await holds();
    if (given) return given;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`in vain: ${what}`);
}

export const live = (channel) => until(() => channel.status.state === 'live', 'it is live');

/** The next number, `seq`, of every event of a channel, as they were told. */
export function seqsOf(channel) {
  const seqs = [];
  channel.on('event', (data, frame) => seqs.push(frame.seq));
  return seqs;
}

/** Whether numbers rise by one from the first on: each once, in order, none missing. */
export const gapless = (seqs) => seqs.every((seq, index) => seq === seqs[0] + index);

/** A new table of restaurant 2 with a session on it, made over HTTP. */
export async function party(qr) {
  const number = crypto.randomUUID().slice(0, 8);
  const table = await qr.http.post('/restaurants/2/tables', { number, zone: 'Z', seats: 4 });
  const session = await qr.http.post(`/tables/${table.table_id}/sessions`, {});
  return { table: table.table_id, session: session.session_id };
}

/** A network between client and service: forwards until it is told to be silent or to break. */
export class Network {
  #pairs = new Set();
  #silent = new Set();

  static async between(url = SERVICE) {
    const network = new Network();
    const { hostname, port } = new URL(url);
    network.server = net.createServer((near) => network.#take(near, Number(port), hostname));
    await new Promise((resolve) => network.server.listen(0, '127.0.0.1', resolve));
    network.url = `http://127.0.0.1:${network.server.address().port}`;
    return network;
  }

  /** How many connections were made through it. */
  taken = 0;

  #take(near, port, host) {
    this.taken += 1;
    const far = net.connect(port, host);
    this.#pairs.add([near, far]);
    this.#forward(near, far, 'up');
    this.#forward(far, near, 'down');
  }

  #forward(from, to, way) {
    from.on('data', (bytes) => this.#silent.has(way) || to.write(bytes));
    from.on('error', () => {});
    from.on('close', () => this.#silent.size > 0 || to.destroy());
  }

  /** Nothing passes that way any more, and nobody is told. */
  silence(...ways) {
    this.#silent = new Set(ways.length > 0 ? ways : ['up', 'down']);
  }

  /** What was open is forgotten, as by a router that was away; what is new passes. */
  comeBack() {
    this.cut();
    this.#silent.clear();
  }

  /** Every connection breaks. */
  cut() {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }

  close() {
    this.cut();
    this.server.close();
  }
}
