// Shared by the tests of the client: the service under test, a network that can fail, and functions
// that wait for a state. No function measures time.
import { webcrypto } from 'node:crypto';
import net from 'node:net';

import { WebSocket } from 'ws';

globalThis.crypto ??= webcrypto; // Node 18, as Debian 12 has it

/** URL of the service that pytest has started, and a token for its whole chain. */
export const SERVICE = process.env.RESTAURANT_QR_TEST_URL;
export const TOKEN = process.env.RESTAURANT_QR_TEST_TOKEN;

/** Client settings with short timeouts, which keep tests fast; no test asserts them. */
export const FAST_SETTINGS = {
  WebSocket,
  token: TOKEN,
  url: SERVICE,
  backoff: { first: 50, longest: 500 },
  heartbeat: 400,
  timeout: 3_000,
  staleAfter: 300,
};

/** Poll until `condition` returns a truthy value, and return that value. Throws after a minute. */
export async function until(condition, description = condition.toString()) {
  for (let tries = 0; tries < 1_200; tries += 1) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`timed out waiting for: ${description}`);
}

export const untilLive = (channel) => until(() => channel.status.state === 'live', 'the channel is live');

/** A list to which the `seq` of every later event of a channel is appended. */
export function seqsOf(channel) {
  const seqs = [];
  channel.on('event', (data, frame) => seqs.push(frame.seq));
  return seqs;
}

/** Whether each number is one more than the number before it. */
export const isGapless = (seqs) => seqs.every((seq, index) => seq === seqs[0] + index);

/** Create a table of restaurant 2 and open a session at it, over HTTP. */
export async function createSession(qr) {
  const number = crypto.randomUUID().slice(0, 8);
  const table = await qr.http.post('/restaurants/2/tables', { number, zone: 'Z', seats: 4 });
  const session = await qr.http.post(`/tables/${table.table_id}/sessions`, {});
  return { table: table.table_id, session: session.session_id };
}

/** A TCP proxy between client and service that can drop bytes or break its connections. */
export class Network {
  #pairs = new Set();
  #silent = new Set();

  static async start(url = SERVICE) {
    const network = new Network();
    const { hostname, port } = new URL(url);
    network.server = net.createServer((client) => network.#accept(client, Number(port), hostname));
    await new Promise((resolve) => network.server.listen(0, '127.0.0.1', resolve));
    network.url = `http://127.0.0.1:${network.server.address().port}`;
    return network;
  }

  #accept(client, port, host) {
    const upstream = net.connect(port, host);
    this.#pairs.add([client, upstream]);
    this.#forward(client, upstream, 'up');
    this.#forward(upstream, client, 'down');
  }

  #forward(from, to, direction) {
    from.on('data', (bytes) => this.#silent.has(direction) || to.write(bytes));
    from.on('error', () => {});
    from.on('close', () => this.#silent.size > 0 || to.destroy());
  }

  /** Drop all bytes in these directions, without closing connections. Default: both directions. */
  silence(...directions) {
    this.#silent = new Set(directions.length > 0 ? directions : ['up', 'down']);
  }

  /** Break open connections, as a restarted router does, and forward new ones. */
  restore() {
    this.cut();
    this.#silent.clear();
  }

  /** Break every open connection. */
  cut() {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }

  close() {
    this.cut();
    this.server.close();
  }
}
