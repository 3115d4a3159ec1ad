// A service behind something that passes requests on and then answers in its place.
import { readFileSync } from 'node:fs';
import http from 'node:http';

const CASES = new URL('../../client/foreign_answers.json', import.meta.url);

/** Name -> status, type and body of what is no answer of the service. */
export const FOREIGN = Object.entries(JSON.parse(readFileSync(CASES)));

/**
 * Gives the answers in their order, the last one for ever. `null` is the service's own answer, and
 * 'cut' none at all. `answer` makes the service's out of the request.
 */
export class Answers {
  /** What was asked: `{ method, url, headers, body }`. */
  asked = [];
  answers = [null];

  constructor(answer = () => ({ changed: true })) {
    this.answer = answer;
  }

  async start() {
    this.server = http.createServer((request, response) => this.#take(request, response));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async #take(request, response) {
    const { method, url, headers } = request;
    let body = '';
    for await (const part of request) body += part;
    this.asked.push({ method, url, headers, body });
    const given = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (given === 'cut') request.socket.destroy();
    else if (given) foreign(response, given);
    else {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(await this.answer({ method, url, headers, body })));
    }
  }

  /** The keys of all that was asked, each once. */
  get keys() {
    return [...new Set(this.asked.map(({ headers }) => headers['idempotency-key']))];
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export function foreign(response, [status, type, body]) {
  const headers = { 'Content-Type': type };
  if (status >= 300 && status < 400) headers.Location = 'http://login.example/';
  response.writeHead(status, headers);
  response.end(body);
}
