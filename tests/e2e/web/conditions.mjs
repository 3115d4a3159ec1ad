// Applies a combination of `matrix.mjs` to a browser context, and starts the proxy before the service.
import http from 'node:http';
import net from 'node:net';

import { optionsOf } from './layout.mjs';

const CLOCKS = { 'right clock': 0, 'clock 2 h fast': 2, 'clock 2 h slow': -2 };

/** Interfaces that the guests' oldest supported browsers lack: docs/browsers.md. */
const NEWER_APIS = [
  ['AbortSignal', ['timeout', 'any']],
  ['Array.prototype', ['findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with']],
  ['Object', ['groupBy']],
  ['Promise', ['withResolvers']],
  ['crypto', ['randomUUID']],
  ['HTMLElement.prototype', ['showPopover', 'hidePopover', 'togglePopover', 'popover']],
  ['Document.prototype', ['startViewTransition']],
  ['Navigator.prototype', ['wakeLock', 'locks']],
];

/** Options of a browser context for a combination. */
export function contextOptions({ window, pointer }) {
  const isTouch = pointer === 'touch';
  return { ...optionsOf(window), hasTouch: isTouch, isMobile: isTouch };
}

/** Apply a combination to a context before its first page opens. */
export async function prepare(context, { clock, storage, browser = 'new browser' }) {
  if (CLOCKS[clock] !== 0) await context.addInitScript(shiftClock, CLOCKS[clock] * 3_600_000);
  if (storage === 'storage blocked') await context.addInitScript(blockStorage);
  if (browser === 'oldest browser') {
    await context.addInitScript(removeApis, NEWER_APIS);
    await context.route(/\.css$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: withoutContainerRules(await response.text()) });
    });
  }
}

/** In the page. */
function shiftClock(by) {
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...given) {
      super(...(given.length > 0 ? given : [Right.now() + by]));
    }

    static now() {
      return Right.now() + by;
    }
  };
}

/** In the page: throw on access to storage, as Chrome does if cookies are blocked. */
function blockStorage() {
  const refused = { get: () => { throw new DOMException('Access is denied for this document.', 'SecurityError'); } };
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) Object.defineProperty(globalThis, name, refused);
}

/** In the page. */
function removeApis(apis) {
  for (const [path, names] of apis) {
    const owner = path.split('.').reduce((object, name) => object?.[name], globalThis);
    for (const name of names) {
      if (owner && !delete owner[name]) throw new Error(`${path}.${name} cannot be deleted`);
      if (owner && name in owner) delete Object.getPrototypeOf(owner)[name];
    }
  }
}

/** A style sheet without its `@container` rules, which browsers without container queries skip. */
export function withoutContainerRules(css) {
  let kept = '';
  let rest = css;
  for (let at = rest.search(/@container\b/); at >= 0; at = rest.search(/@container\b/)) {
    kept += rest.slice(0, at);
    let depth = 0;
    let end = rest.indexOf('{', at);
    do {
      if (rest[end] === '{') depth += 1;
      if (rest[end] === '}') depth -= 1;
      end += 1;
    } while (depth > 0);
    rest = rest.slice(end);
  }
  return kept + rest;
}

const GATEWAY_TIMEOUT = {
  'proxy answers 504 in JSON': ['application/json', '{"message": "Endpoint request timed out"}'],
  'proxy answers 504 in HTML': ['text/html', '<html><body><h1>504 Gateway Time-out</h1></body></html>'],
};

/**
 * A reverse proxy that forwards everything, and replaces the response to the first order or payment
 * with a 504. Returns `{ url, hasReplaced, close }`.
 */
export async function startProxy(service, kind) {
  const { hostname, port } = new URL(service);
  let replacements = GATEWAY_TIMEOUT[kind] ? 1 : 0;
  let hasReplaced = false;
  const server = http.createServer((request, response) => {
    const isReplaced = replacements > 0 && request.method === 'POST' && /\/(orders|payments)$/.test(request.url);
    if (isReplaced) replacements -= 1;
    const { method, url: path, headers } = request;
    const passed = http.request({ hostname, port, method, path, headers }, (upstream) => {
      if (!isReplaced) {
        response.writeHead(upstream.statusCode, upstream.rawHeaders);
        upstream.pipe(response);
        return;
      }
      hasReplaced = true;
      const [type, body] = GATEWAY_TIMEOUT[kind];
      upstream.resume().on('end', () => response.writeHead(504, { 'Content-Type': type }).end(body));
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  server.on('upgrade', (request, client, head) => {
    const upstream = net.connect(Number(port), hostname, () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let at = 0; at < request.rawHeaders.length; at += 2) lines.push(request.rawHeaders.slice(at, at + 2).join(': '));
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) socket.on('error', () => client.destroy(upstream.destroy()));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, hasReplaced: () => hasReplaced, close };
}
