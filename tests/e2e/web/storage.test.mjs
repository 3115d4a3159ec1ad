// The pages' storage and request keys, in browsers with storage, without it, and with full storage.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { RefusedError, UnreachableError } from '../../../web/client/index.js';
import { isUnanswered, withRequestKeys } from '../../../web/shared/request-keys.js';

/** A browser's storage with at most `room` entries. */
class Storage {
  #entries = new Map();
  room = Infinity;

  getItem(key) {
    return this.#entries.get(key) ?? null;
  }
  setItem(key, text) {
    if (this.#entries.size >= this.room) throw new DOMException('full', 'QuotaExceededError');
    this.#entries.set(key, text);
  }
  removeItem(key) {
    this.#entries.delete(key);
  }
  key(index) {
    return [...this.#entries.keys()][index];
  }
  get length() {
    return this.#entries.size;
  }
}

let loads = 0;

/** Load `storage.js` as a new page does; `storage` is the getter of `localStorage`. */
async function loadStorage(storage) {
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, get: storage });
  loads += 1;
  return (await import(`../../../web/shared/storage.js?${loads}`)).storage;
}

afterEach(() => Object.defineProperty(globalThis, 'localStorage', { configurable: true, value: undefined }));

const blocked = () => {
  throw new DOMException('denied', 'SecurityError');
};

for (const [name, getter] of [['blocks storage', blocked], ['has no storage', () => undefined], ['has no storage object', () => null]]) {
  test(`a browser that ${name} keeps stored values as long as the page`, async () => {
    const kept = await loadStorage(getter);
    kept.set('visit', { session: 1 });
    kept.set('outbox-1-a', []);
    assert.deepEqual(kept.get('visit'), { session: 1 });
    assert.deepEqual(kept.keys('outbox-1-'), ['outbox-1-a']);
    kept.remove('visit');
    assert.equal(kept.get('visit', 'nothing'), 'nothing');
  });
}

test('a browser with full storage shows the newest value, not the stored one', async () => {
  const storage = new Storage();
  const kept = await loadStorage(() => storage);
  kept.set('basket', ['soup']);
  storage.room = 0;
  kept.set('basket', ['soup', 'salad']);
  assert.deepEqual(kept.get('basket'), ['soup', 'salad']);
  storage.room = Infinity;
  kept.set('basket', []);
  assert.equal(storage.getItem('restaurant-qr-basket'), '[]');
});

test('a page reads values that another tab wrote', async () => {
  const storage = new Storage();
  const kept = await loadStorage(() => storage);
  kept.set('mine-1-7', true);
  storage.setItem('restaurant-qr-mine-1-8', 'true');
  storage.setItem('another-site', 'true');
  assert.deepEqual(kept.keys('mine-1-').sort(), ['mine-1-7', 'mine-1-8']);
  storage.setItem('restaurant-qr-broken', '{');
  assert.equal(kept.get('broken'), null);
  assert.equal(kept.getText('broken'), '{');
});

/** An API that fails with these errors, and the keys of its requests. */
function api(...failures) {
  const keys = [];
  const send = async (...args) => {
    keys.push(args.at(-1).key);
    const failure = failures.shift();
    if (failure) throw failure;
    return { changed: true };
  };
  return { keys, http: withRequestKeys({ post: send, put: send, patch: send, delete: send, get: send, text: send }) };
}

const refusal = (code) => new RefusedError({ error: 'No.', code });
const lost = new UnreachableError(new TypeError('no network'), 504);

test('a repeated change keeps its key until a response arrives, and then gets a new one', async () => {
  const { http, keys } = api(lost, refusal('unavailable'), null, null);
  const send = () => http.post('/restaurants/2/broadcasts', { message: 'Closing' });
  await assert.rejects(send());
  await assert.rejects(send());
  await send();
  await send();
  assert.equal(keys[0], keys[1]);
  assert.equal(keys[1], keys[2]);
  assert.notEqual(keys[2], keys[3]);
});

test('a different change, or a change after a refusal, gets a new key', async () => {
  const { http, keys } = api(lost, lost, refusal('forbidden'), null);
  await assert.rejects(http.delete('/restaurants/2/devices/1'));
  await assert.rejects(http.delete('/restaurants/2/devices/2'));
  await assert.rejects(http.patch('/orders/1', { status: 'ready' }));
  await http.patch('/orders/1', { status: 'ready' });
  assert.equal(new Set(keys).size, 4);
});

test('the outcome of a request is unknown after a refused token, and known after a final refusal', () => {
  assert.deepEqual(
    [lost, refusal('unavailable'), refusal('rate_limited'), refusal('unauthenticated')].map(isUnanswered),
    [true, true, true, true],
  );
  assert.deepEqual([refusal('overpayment'), new TypeError('a bug')].map(isUnanswered), [false, false]);
});
