// A reverse proxy before the service that forwards requests and then replaces the service's response.
import http from 'node:http';
import net from 'node:net';

import { SERVICE } from './harness.mjs';
import { sendIntermediaryResponse } from './scripted-server.mjs';

export class FaultyProxy {
  /** Replaced responses: `{ path, key, status }`, with the status that the service had sent. */
  replaced = [];
  #path = null;
  #response = null;
  #times = 0;

  static async start() {
    const proxy = new FaultyProxy();
    proxy.server = http.createServer((request, response) => proxy.#forward(request, response));
    proxy.server.on('upgrade', (request, client, head) => proxy.#tunnel(request, client, head));
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  /** Replace the responses of the next `times` requests, other than GET, to paths that match `path`. */
  replace(path, response, times = 1) {
    [this.#path, this.#response, this.#times] = [path, response, times];
  }

  async #forward(request, response) {
    const { method, url: path, headers } = request;
    const parts = [];
    for await (const part of request) parts.push(part);
    const { hostname: host, port } = new URL(SERVICE);
    const forwarded = http.request({ host, port, method, path, headers }, async (upstream) => {
      if (this.#times > 0 && method !== 'GET' && this.#path.test(path)) {
        this.#times -= 1;
        this.replaced.push({ path, key: headers['idempotency-key'], status: upstream.statusCode });
        upstream.resume();
        sendIntermediaryResponse(response, this.#response);
      } else {
        response.writeHead(upstream.statusCode, upstream.headers);
        upstream.pipe(response);
      }
    });
    forwarded.on('error', () => response.destroy());
    forwarded.end(Buffer.concat(parts));
  }

  #tunnel({ method, url, rawHeaders }, client, head) {
    const { hostname, port } = new URL(SERVICE);
    const upstream = net.connect(Number(port), hostname, () => {
      const lines = rawHeaders.flatMap((text, index) => (index % 2 ? [] : [`${text}: ${rawHeaders[index + 1]}`]));
      upstream.write([`${method} ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) socket.on('error', () => [client, upstream].forEach((each) => each.destroy()));
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
