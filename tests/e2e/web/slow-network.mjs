// A TCP proxy with the bandwidth and latency of a slow mobile network, for HTTP and WebSockets.
import net from 'node:net';

const CHUNK_BYTES = 1_400; // about one packet, so that connections share the rate fairly

/** One direction: chunks leave at `bytesPerSecond` in order, and arrive `delay` ms later. */
class Direction {
  #freeAt = 0;

  constructor(bytesPerSecond, delay) {
    this.bytesPerMs = bytesPerSecond / 1_000;
    this.delay = delay;
  }

  send(bytes, notBefore, arrive) {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      this.#freeAt = Math.max(this.#freeAt, notBefore, performance.now()) + chunk.length / this.bytesPerMs;
      setTimeout(() => arrive(chunk), this.#freeAt + this.delay - performance.now());
    }
  }
}

/**
 * Listen on a free port and forward everything to `service`.
 * @param {string} service its URL
 * @param {{kilobitsPerSecond: number, roundTrip: number}} network the rate of each direction; the round trip in ms
 */
export async function slowNetwork(service, { kilobitsPerSecond, roundTrip }) {
  const { hostname, port } = new URL(service);
  const [up, down] = [0, 1].map(() => new Direction((kilobitsPerSecond * 1_000) / 8, roundTrip / 2));
  const server = net.createServer((client) => {
    const connected = performance.now() + roundTrip; // a TCP handshake takes one round trip
    const upstream = net.connect(Number(port), hostname);
    const pipe = (from, to, direction) => {
      from.on('data', (bytes) => direction.send(bytes, connected, (chunk) => to.writable && to.write(chunk)));
      from.on('error', () => {});
      from.on('close', () => setTimeout(() => to.destroy(), roundTrip));
    };
    pipe(client, upstream, up);
    pipe(upstream, client, down);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
