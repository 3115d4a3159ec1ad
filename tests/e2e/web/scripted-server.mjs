// A server with scripted HTTP responses, among them those of proxies and captive portals.
import { readFileSync } from 'node:fs';
import http from 'node:http';

const CASES = new URL('../../client/intermediary_responses.json', import.meta.url);

/** Name and [status, content type, body] of responses that an intermediary sends in the service's place. */
export const INTERMEDIARY_RESPONSES = Object.entries(JSON.parse(readFileSync(CASES)));

/**
 * Sends `responses` in order, and repeats the last one. `null` is the response that `respond` makes from
 * the request; 'cut' closes the connection without a response.
 */
export class ScriptedServer {
  /** Received requests: `{ method, url, headers, body }`. */
  requests = [];
  responses = [null];

  constructor(respond = () => ({ changed: true })) {
    this.respond = respond;
  }

  async start() {
    this.server = http.createServer((request, response) => this.#handle(request, response));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async #handle(request, response) {
    const { method, url, headers } = request;
    let body = '';
    for await (const part of request) body += part;
    this.requests.push({ method, url, headers, body });
    const next = this.responses.length > 1 ? this.responses.shift() : this.responses[0];
    if (next === 'cut') request.socket.destroy();
    else if (next) sendIntermediaryResponse(response, next);
    else {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(await this.respond({ method, url, headers, body })));
    }
  }

  /** The distinct idempotency keys of the received requests. */
  get keys() {
    return [...new Set(this.requests.map(({ headers }) => headers['idempotency-key']))];
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export function sendIntermediaryResponse(response, [status, type, body]) {
  const headers = { 'Content-Type': type };
  if (status >= 300 && status < 400) headers.Location = 'http://login.example/';
  response.writeHead(status, headers);
  response.end(body);
}
