// A reverse proxy before the service that passes requests on and then gives an answer of its own.
import http from 'node:http';
import net from 'node:net';

import { foreign } from './answers.mjs';
import { SERVICE } from './house.mjs';

export class Between {
  /** What was answered in the service's place: `{ path, key, status }`, with the service's own status. */
  replaced = [];
  #path = null;
  #answer = null;
  #times = 0;

  static async start() {
    const between = new Between();
    between.server = http.createServer((request, response) => between.#pass(request, response));
    between.server.on('upgrade', (request, near, head) => between.#tunnel(request, near, head));
    await new Promise((resolve) => between.server.listen(0, '127.0.0.1', resolve));
    between.url = `http://127.0.0.1:${between.server.address().port}`;
    return between;
  }

  /** Answer the next requests to such a path so, after the service has. */
  replace(path, answer, times = 1) {
    [this.#path, this.#answer, this.#times] = [path, answer, times];
  }

  async #pass(request, response) {
    const { method, url: path, headers } = request;
    const parts = [];
    for await (const part of request) parts.push(part);
    const { hostname: host, port } = new URL(SERVICE);
    const onward = http.request({ host, port, method, path, headers }, async (answer) => {
      if (this.#times > 0 && method !== 'GET' && this.#path.test(path)) {
        this.#times -= 1;
        this.replaced.push({ path, key: headers['idempotency-key'], status: answer.statusCode });
        answer.resume();
        foreign(response, this.#answer);
      } else {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }
    });
    onward.on('error', () => response.destroy());
    onward.end(Buffer.concat(parts));
  }

  #tunnel({ method, url, rawHeaders }, near, head) {
    const { hostname, port } = new URL(SERVICE);
    const far = net.connect(Number(port), hostname, () => {
      const lines = rawHeaders.flatMap((text, index) => (index % 2 ? [] : [`${text}: ${rawHeaders[index + 1]}`]));
      far.write([`${method} ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
      far.write(head);
      far.pipe(near).pipe(far);
    });
    for (const socket of [near, far]) socket.on('error', () => [near, far].forEach((each) => each.destroy()));
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
