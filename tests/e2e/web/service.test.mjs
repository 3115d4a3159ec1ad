// The client against a real service, over a network that fails.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { after, before, test } from 'node:test';

import {
  ClosedError, QueueFullError, RefusedError, RestaurantQR, RestaurantQRClient, UnreachableError,
} from '../../../web/client/index.js';
import { createSession, FAST_SETTINGS, isGapless, Network, seqsOf, SERVICE, until, untilLive } from './harness.mjs';

let staff;
let network;
const clients = [];

before(async () => {
  staff = new RestaurantQR(FAST_SETTINGS);
  network = await Network.start();
});
after(() => {
  for (const client of [staff, ...clients]) client.disconnect();
  network.close();
});

/** A client that connects through the failing network, or to the URL of the options. */
function client(options = {}) {
  const created = new RestaurantQR({ ...FAST_SETTINGS, url: network.url, ...options });
  clients.push(created);
  return created;
}

/** Change the number of guests of a session `count` times, and wait for each event. */
async function changeGuestsCount(session, count) {
  for (let n = 0; n < count; n += 1) {
    const guests_count = (session.data.guests_count % 900) + 1;
    await session.request('update_guests_count', { guests_count });
    await until(() => session.data.guests_count === guests_count, 'the event of the ack');
  }
}

test('the documented class RestaurantQRClient calls its handlers and sends actions', async () => {
  const handled = { order: [], table: [], waiter: [], restaurant: [] };
  class Screen extends RestaurantQRClient {
    handleOrderUpdate(data) {
      handled.order.push(data);
    }
    handleTableUpdate(data) {
      handled.table.push(data);
    }
    handleWaiterNotification(data) {
      handled.waiter.push(data);
    }
    handleRestaurantBroadcast(data) {
      handled.restaurant.push(data);
    }
  }
  const screen = new Screen(1, 5, 10, 2, { ...FAST_SETTINGS, url: network.url });
  clients.push(screen);
  screen.connectOrder();
  screen.connectTable();
  screen.connectWaiter();
  screen.connectRestaurant();
  await until(() => Object.values(handled).every(([first]) => first));
  const types = Object.values(handled).map(([first]) => first.type);
  assert.deepEqual(types, ['order_status', 'table_status', 'tasks_list', 'restaurant_status']);

  screen.sockets.order.send(JSON.stringify({ action: 'get_status' }));
  await until(() => handled.order.length === 2);
  assert.deepEqual(handled.order[1], handled.order[0]);
  screen.sockets.order.send(JSON.stringify({ action: 'nonsense' }));
  await until(() => handled.order.length === 3);
  assert.equal(handled.order[2].code, 'unknown_action');
  screen.sockets.order.send(JSON.stringify({ action: 'get_status', request_id: 'mine' }));
  await until(() => handled.order.length === 5);
  assert.equal(handled.order[4].type, 'ack');
  assert.equal(handled.order[4].request_id, 'mine');

  await staff.http.post('/restaurants/2/broadcasts', { message: 'Kitchen closes' });
  await until(() => handled.restaurant.some(({ type }) => type === 'broadcast'));
  screen.disconnect();
  assert.equal(screen.sockets.order.readyState, 3);
});

test('a guest, the kitchen and a waiter complete a session from join to close', async () => {
  const { session: id } = await createSession(staff);
  const { session_code } = (await staff.http.get(`/sessions/${id}`)).data;
  const guest = client({ token: null });
  const joined = await guest.join({ session_code });
  const session = guest.session(joined.id);
  const shown = [];
  session.follow((data) => shown.push(data.orders.length));
  const items = [{ menu_item_id: 1, quantity: 2 }];
  const { order_id } = await session.request('place_order', { items });
  await until(() => session.data.orders.length === 1);
  assert.deepEqual(shown.slice(0, 2), [0, 1]);

  const order = staff.order(order_id);
  await order.request('update_status', { status: 'confirmed' });
  const plates = staff.items(order_id);
  const { items: [{ item_id }] } = await plates.request('get_items');
  await plates.request('update_item', { item_id, status: 'ready' });
  await until(() => order.data.status === 'ready');
  const refused = guest.order(order_id).request('update_status', { status: 'delivered' });
  await assert.rejects(refused, { name: 'RefusedError', code: 'forbidden' });
  await order.request('update_status', { status: 'delivered' });

  const call = await session.request('call_waiter', { reason: 'bill' });
  assert.match(call.call_id, /^\d+-1$/);
  const { balance } = await order.refresh();
  await staff.http.post(`/orders/${order_id}/payments`, { amount: balance, method: 'card' });
  await staff.session(id).request('close_session');
  await until(() => session.status.state === 'closed');
  assert.equal(session.status.error.code, 4401);
  assert.equal(session.data.status, 'closed');
});

test('new and acknowledged notifications update the list like a snapshot', async () => {
  // of a restaurant that no other test uses
  const notifications = staff.notifications(1);
  await untilLive(notifications);
  const created = await staff.http.post('/restaurants/1/alerts', { message: 'Table 5 is cold' });
  const { notification_id } = created;
  const mine = () =>
    notifications.data.notifications.find((each) => each.notification_id === notification_id);
  await until(mine);
  assert.equal(mine().type, 'alert');
  const ack = await notifications.request('acknowledge', { notification_id });
  assert.ok(ack.acknowledged_by);
  await until(() => mine().acknowledged_at);
  const list = notifications.data;
  assert.deepEqual(await notifications.refresh(), list);
});

test('events during cut connections are delivered once and in order', async () => {
  const { session: id } = await createSession(staff);
  const [acting, listening] = [staff.session(id), client().session(id)];
  await Promise.all([untilLive(acting), untilLive(listening)]);
  const seqs = seqsOf(listening);
  for (let round = 0; round < 4; round += 1) {
    await changeGuestsCount(acting, 3);
    network.cut();
    await changeGuestsCount(acting, 2);
    await untilLive(listening);
  }
  await until(() => listening.data.guests_count === acting.data.guests_count);
  assert.equal(seqs.length, 20);
  assert.ok(isGapless(seqs), `${seqs}`);
});

test('a silent network makes the channel reconnecting, then stale, and live without a loss', async () => {
  const silentNetwork = await Network.start();
  const { session: id } = await createSession(staff);
  const states = [];
  const onStatus = ({ state, since }) => states.push({ state, since });
  const listener = client({ url: silentNetwork.url, onStatus });
  const [acting, listening] = [staff.session(id), listener.session(id)];
  await Promise.all([untilLive(acting), untilLive(listening)]);
  const seqs = seqsOf(listening);
  const snapshots = [];
  listening.on('snapshot', (data) => snapshots.push(data));
  silentNetwork.silence();
  await changeGuestsCount(acting, 5);
  await until(() => listening.status.state === 'stale');
  assert.equal(listener.status, listening.status);
  const [lost, stale] = states.slice(-2);
  assert.deepEqual([lost.state, stale.state], ['reconnecting', 'stale']);
  assert.deepEqual(lost.since, stale.since);
  assert.equal(seqs.length, 0);
  silentNetwork.restore();
  await untilLive(listening);
  assert.equal(seqs.length, 5);
  assert.ok(isGapless(seqs), `${seqs}`);
  assert.equal(snapshots.length, 0);
  silentNetwork.close();
});

test('an action whose reply was lost takes effect once', async () => {
  const silentNetwork = await Network.start();
  const number = crypto.randomUUID().slice(0, 8);
  const { table_id } = await staff.http.post('/restaurants/2/tables', { number, zone: 'Z', seats: 4 });
  const table = client({ url: silentNetwork.url }).table(table_id);
  await untilLive(table);
  silentNetwork.silence('down');
  const done = table.request('occupy', { guests_count: 3 });
  const seen = staff.table(table_id);
  await until(() => seen.data?.is_occupied);
  silentNetwork.restore();
  const ack = await done;
  assert.equal(ack.changed, true);
  assert.equal(ack.session_id, seen.data.session.id);
  const history = await staff.http.get(`/tables/${table_id}/history`);
  assert.equal(history.data.filter((each) => JSON.stringify(each).includes('Occupied')).length, 1);
  silentNetwork.close();
});

test('actions queue without a network and take effect in order', async () => {
  const silentNetwork = await Network.start();
  const { session: id } = await createSession(staff);
  const session = client({ url: silentNetwork.url, queue: 10 }).session(id);
  await untilLive(session);
  const seqs = seqsOf(session);
  silentNetwork.silence();
  silentNetwork.cut();
  const order = [];
  const counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => n + 1);
  const all = counts.map(async (guests_count) => {
    const ack = await session.request('update_guests_count', { guests_count });
    order.push([guests_count, ack.version]);
  });
  const tooMany = session.request('update_guests_count', { guests_count: 99 });
  await assert.rejects(tooMany, (error) => error instanceof QueueFullError && error.limit === 10);
  silentNetwork.restore();
  await Promise.all(all);
  assert.deepEqual(order.map(([count]) => count), counts);
  const versions = order.map(([, version]) => version);
  assert.deepEqual(versions, [...versions].sort((a, b) => a - b));
  await until(() => session.data.guests_count === 11);
  assert.equal(seqs.length, 10);
  silentNetwork.close();
});

test('a suspended client becomes stale, then receives each missed event once', async (t) => {
  const silentNetwork = await Network.start();
  const { session: id } = await createSession(staff);
  const acting = staff.session(id);
  await untilLive(acting);
  const env = { ...process.env, SUSPENDED_CLIENT_URL: silentNetwork.url, SUSPENDED_CLIENT_SESSION: id };
  const suspended = fork(new URL('./suspended-client.mjs', import.meta.url), { env });
  t.after(() => suspended.kill('SIGKILL'));
  const received = [];
  suspended.on('message', (message) => received.push(message));
  const states = () => received.filter(({ state }) => state).map(({ state }) => state);
  await until(() => states().includes('live'));
  suspended.kill('SIGSTOP');
  await changeGuestsCount(acting, 6);
  silentNetwork.silence(); // open connections are dead when the client resumes, without a close
  await new Promise((resolve) => setTimeout(resolve, 5_000)); // real time: the client measures how long it was suspended
  suspended.kill('SIGCONT');
  await until(() => states().includes('stale'));
  silentNetwork.restore();
  const seqs = () => received.filter(({ seq }) => seq).map(({ seq }) => seq);
  await until(() => seqs().length >= 6);
  await until(() => states().at(-1) === 'live');
  assert.equal(seqs().length, 6);
  assert.ok(isGapless(seqs()), `${seqs()}`);
  silentNetwork.close();
});

test('a channel without access closes with the reason and does not reconnect', async () => {
  const { session: id } = await createSession(staff);
  const { session_code } = (await staff.http.get(`/sessions/${id}`)).data;
  const guest = client({ token: null });
  await guest.join({ session_code });
  const tries = [
    [guest.waiter(10), 4404],
    [guest.restaurant(2), 4403],
    [staff.order(987_654), 4404],
    [staff.order('seven'), 4400],
    [client({ token: 'made-up' }).order(1), 4401],
  ];
  const all = tries.map(async ([channel, code]) => {
    const refusals = [];
    channel.on('error', (error) => refusals.push(error));
    await until(() => channel.status.state === 'closed', `${channel.url} is closed`);
    const { error } = channel.status;
    assert.ok(error instanceof ClosedError);
    assert.deepEqual([channel.url, error.code], [channel.url, code]);
    assert.equal(refusals.length, 1);
    assert.ok(refusals[0] instanceof RefusedError);
    assert.equal(refusals[0].message, error.message);
  });
  await Promise.all(all);
});

test('an expired token is renewed once for sockets and requests', async () => {
  let renewals = 0;
  const qr = client({
    token: 'expired',
    renewToken: async () => {
      renewals += 1;
      return FAST_SETTINGS.token;
    },
  });
  const channels = [qr.order(1), qr.table(5), qr.waiter(10)];
  const [list] = await Promise.all([qr.http.get('/restaurants'), ...channels.map(untilLive)]);
  assert.ok(list.data.length >= 2);
  assert.equal(renewals, 1);
  assert.equal(qr.token, FAST_SETTINGS.token);
});

test('HTTP requests fail with the code of the refusal, or UnreachableError', async () => {
  await assert.rejects(staff.http.get('/orders/987654'), (error) => {
    assert.ok(error instanceof RefusedError);
    assert.deepEqual([error.code, error.status], ['not_found', 404]);
    assert.ok(error.message);
    return true;
  });
  const unauthenticated = new RestaurantQR({ ...FAST_SETTINGS, token: 'made-up' });
  await assert.rejects(unauthenticated.http.get('/restaurants'), { code: 'unauthenticated', status: 401 });
  const gone = await Network.start();
  gone.close();
  const unreachable = new RestaurantQR({ ...FAST_SETTINGS, url: gone.url });
  await assert.rejects(unreachable.http.get('/restaurants'), UnreachableError);
  const signal = AbortSignal.abort();
  await assert.rejects(unreachable.http.get('/restaurants', { signal }), { name: 'AbortError' });
});

test('an HTTP request whose response was lost takes effect once', async () => {
  const silentNetwork = await Network.start();
  const qr = client({ url: silentNetwork.url });
  const createdTables = async () => {
    const { tables } = (await staff.http.get('/restaurants/2')).data;
    return tables.list.filter(({ table_number }) => table_number === 'once');
  };
  silentNetwork.silence('down');
  const table = { number: 'once', zone: 'Y', seats: 2 };
  const pending = qr.http.post('/restaurants/2/tables', table);
  await until(async () => (await createdTables()).length > 0);
  silentNetwork.restore();
  const { table_id } = await pending;
  assert.deepEqual((await createdTables()).map((each) => each.table_id), [table_id]);
  silentNetwork.close();
});

test('a client shares one channel object per entity until it is closed', async () => {
  const qr = client({ url: SERVICE });
  const order = qr.order(1);
  assert.equal(qr.order('1'), order);
  assert.equal(qr.status.state, 'connecting');
  await untilLive(order);
  order.close();
  assert.notEqual(qr.order(1), order);
});
