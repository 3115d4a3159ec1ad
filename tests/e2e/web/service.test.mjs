// The client and the real service, over a network that fails.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { after, before, test } from 'node:test';

import {
  ClosedError, QueueFullError, RefusedError, RestaurantQR, RestaurantQRClient, UnreachableError,
} from '../../../web/client/index.js';
import { gapless, HASTY, live, Network, party, seqsOf, SERVICE, until } from './house.mjs';

let staff;
let network;
const clients = [];

before(async () => {
  staff = new RestaurantQR(HASTY);
  network = await Network.between();
});
after(() => {
  for (const client of [staff, ...clients]) client.disconnect();
  network.close();
});

/** A client behind the network that fails, or wherever the options say. */
function client(options = {}) {
  const made = new RestaurantQR({ ...HASTY, url: network.url, ...options });
  clients.push(made);
  return made;
}

/** Change the number of guests of a session, so many times. */
async function events(session, count) {
  for (let n = 0; n < count; n += 1) {
    const guests_count = (session.data.guests_count % 900) + 1;
    await session.request('update_guests_count', { guests_count });
    await until(() => session.data.guests_count === guests_count, 'the event of the ack');
  }
}

test('the class of the document does what it did', async () => {
  const heard = { order: [], table: [], waiter: [], restaurant: [] };
  class Screen extends RestaurantQRClient {
    handleOrderUpdate(data) {
      heard.order.push(data);
    }
    handleTableUpdate(data) {
      heard.table.push(data);
    }
    handleWaiterNotification(data) {
      heard.waiter.push(data);
    }
    handleRestaurantBroadcast(data) {
      heard.restaurant.push(data);
    }
  }
  const screen = new Screen(1, 5, 10, 2, { ...HASTY, url: network.url });
  clients.push(screen);
  screen.connectOrder();
  screen.connectTable();
  screen.connectWaiter();
  screen.connectRestaurant();
  await until(() => Object.values(heard).every(([first]) => first));
  const types = Object.values(heard).map(([first]) => first.type);
  assert.deepEqual(types, ['order_status', 'table_status', 'tasks_list', 'restaurant_status']);

  screen.sockets.order.send(JSON.stringify({ action: 'get_status' }));
  await until(() => heard.order.length === 2);
  assert.deepEqual(heard.order[1], heard.order[0]);
  screen.sockets.order.send(JSON.stringify({ action: 'nonsense' }));
  await until(() => heard.order.length === 3);
  assert.equal(heard.order[2].code, 'unknown_action');
  screen.sockets.order.send(JSON.stringify({ action: 'get_status', request_id: 'mine' }));
  await until(() => heard.order.length === 5);
  assert.equal(heard.order[4].type, 'ack');
  assert.equal(heard.order[4].request_id, 'mine');

  await staff.http.post('/restaurants/2/broadcasts', { message: 'Kitchen closes' });
  await until(() => heard.restaurant.some(({ type }) => type === 'broadcast'));
  screen.disconnect();
  assert.equal(screen.sockets.order.readyState, 3);
});

test('an evening at one table: a guest, the kitchen and a waiter', async () => {
  const { session: id } = await party(staff);
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

test('notifications are one list, whatever comes and is acknowledged', async () => {
  // of a restaurant where no other test is at work
  const notifications = staff.notifications(1);
  await live(notifications);
  const raised = await staff.http.post('/restaurants/1/alerts', { message: 'Table 5 is cold' });
  const { notification_id } = raised;
  const mine = () =>
    notifications.data.notifications.find((each) => each.notification_id === notification_id);
  await until(mine);
  assert.equal(mine().type, 'alert');
  const ack = await notifications.request('acknowledge', { notification_id });
  assert.ok(ack.acknowledged_by);
  await until(() => mine().acknowledged_at);
  const told = notifications.data;
  assert.deepEqual(await notifications.refresh(), told);
});

test('what happens while the connection is cut is told once and in order', async () => {
  const { session: id } = await party(staff);
  const [acting, listening] = [staff.session(id), client().session(id)];
  await Promise.all([live(acting), live(listening)]);
  const seqs = seqsOf(listening);
  for (let round = 0; round < 4; round += 1) {
    await events(acting, 3);
    network.cut();
    await events(acting, 2);
    await live(listening);
  }
  await until(() => listening.data.guests_count === acting.data.guests_count);
  assert.equal(seqs.length, 20);
  assert.ok(gapless(seqs), `${seqs}`);
});

test('a network that is silent is noticed, owned up to, and made good for', async () => {
  const quiet = await Network.between();
  const { session: id } = await party(staff);
  const states = [];
  const onStatus = ({ state, since }) => states.push({ state, since });
  const listener = client({ url: quiet.url, onStatus });
  const [acting, listening] = [staff.session(id), listener.session(id)];
  await Promise.all([live(acting), live(listening)]);
  const seqs = seqsOf(listening);
  const snapshots = [];
  listening.on('snapshot', (data) => snapshots.push(data));
  quiet.silence();
  await events(acting, 5);
  await until(() => listening.status.state === 'stale');
  assert.equal(listener.status, listening.status);
  const [lost, stale] = states.slice(-2);
  assert.deepEqual([lost.state, stale.state], ['reconnecting', 'stale']);
  assert.deepEqual(lost.since, stale.since);
  assert.equal(seqs.length, 0);
  quiet.comeBack();
  await live(listening);
  assert.equal(seqs.length, 5);
  assert.ok(gapless(seqs), `${seqs}`);
  assert.equal(snapshots.length, 0);
  quiet.close();
});

test('an action whose answer was lost takes effect once', async () => {
  const quiet = await Network.between();
  const number = crypto.randomUUID().slice(0, 8);
  const { table_id } = await staff.http.post('/restaurants/2/tables', { number, zone: 'Z', seats: 4 });
  const table = client({ url: quiet.url }).table(table_id);
  await live(table);
  quiet.silence('down');
  const done = table.request('occupy', { guests_count: 3 });
  const seen = staff.table(table_id);
  await until(() => seen.data?.is_occupied);
  quiet.comeBack();
  const ack = await done;
  assert.equal(ack.changed, true);
  assert.equal(ack.session_id, seen.data.session.id);
  const history = await staff.http.get(`/tables/${table_id}/history`);
  assert.equal(history.data.filter((each) => JSON.stringify(each).includes('Occupied')).length, 1);
  quiet.close();
});

test('actions wait while there is no network, and are done in order', async () => {
  const quiet = await Network.between();
  const { session: id } = await party(staff);
  const session = client({ url: quiet.url, queue: 10 }).session(id);
  await live(session);
  const seqs = seqsOf(session);
  quiet.silence();
  quiet.cut();
  const order = [];
  const counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => n + 1);
  const all = counts.map(async (guests_count) => {
    const ack = await session.request('update_guests_count', { guests_count });
    order.push([guests_count, ack.version]);
  });
  const tooMany = session.request('update_guests_count', { guests_count: 99 });
  await assert.rejects(tooMany, (error) => error instanceof QueueFullError && error.limit === 10);
  quiet.comeBack();
  await Promise.all(all);
  assert.deepEqual(order.map(([count]) => count), counts);
  const versions = order.map(([, version]) => version);
  assert.deepEqual(versions, [...versions].sort((a, b) => a - b));
  await until(() => session.data.guests_count === 11);
  assert.equal(seqs.length, 10);
  quiet.close();
});

test('a client that was asleep says so, and then misses nothing', async (t) => {
  const quiet = await Network.between();
  const { session: id } = await party(staff);
  const acting = staff.session(id);
  await live(acting);
  const env = { ...process.env, SLEEPER_URL: quiet.url, SLEEPER_SESSION: id };
  const sleeper = fork(new URL('./sleeper.mjs', import.meta.url), { env });
  t.after(() => sleeper.kill('SIGKILL'));
  const told = [];
  sleeper.on('message', (message) => told.push(message));
  const states = () => told.filter(({ state }) => state).map(({ state }) => state);
  await until(() => states().includes('live'));
  sleeper.kill('SIGSTOP');
  await events(acting, 6);
  quiet.silence(); // what was open is dead when it wakes up, and nobody says so
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  sleeper.kill('SIGCONT');
  await until(() => states().includes('stale'));
  quiet.comeBack();
  const seqs = () => told.filter(({ seq }) => seq).map(({ seq }) => seq);
  await until(() => seqs().length >= 6);
  await until(() => states().at(-1) === 'live');
  assert.equal(seqs().length, 6);
  assert.ok(gapless(seqs()), `${seqs()}`);
  quiet.close();
});

test('who may not be there is told why, and does not try again', async () => {
  const { session: id } = await party(staff);
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

test('another token is asked for once, for sockets and requests alike', async () => {
  let asked = 0;
  const qr = client({
    token: 'expired',
    renewToken: async () => {
      asked += 1;
      return HASTY.token;
    },
  });
  const channels = [qr.order(1), qr.table(5), qr.waiter(10)];
  const [list] = await Promise.all([qr.http.get('/restaurants'), ...channels.map(live)]);
  assert.ok(list.data.length >= 2);
  assert.equal(asked, 1);
  assert.equal(qr.token, HASTY.token);
});

test('the HTTP API refuses with errors that say why', async () => {
  await assert.rejects(staff.http.get('/orders/987654'), (error) => {
    assert.ok(error instanceof RefusedError);
    assert.deepEqual([error.code, error.status], ['not_found', 404]);
    assert.ok(error.message);
    return true;
  });
  const nobody = new RestaurantQR({ ...HASTY, token: 'made-up' });
  await assert.rejects(nobody.http.get('/restaurants'), { code: 'unauthenticated', status: 401 });
  const gone = await Network.between();
  gone.close();
  const away = new RestaurantQR({ ...HASTY, url: gone.url });
  await assert.rejects(away.http.get('/restaurants'), UnreachableError);
  const giveUp = AbortSignal.abort();
  await assert.rejects(away.http.get('/restaurants', { signal: giveUp }), { name: 'AbortError' });
});

test('a request over HTTP whose answer was lost takes effect once', async () => {
  const quiet = await Network.between();
  const qr = client({ url: quiet.url });
  const made = async () => {
    const { tables } = (await staff.http.get('/restaurants/2')).data;
    return tables.list.filter(({ table_number }) => table_number === 'once');
  };
  quiet.silence('down');
  const table = { number: 'once', zone: 'Y', seats: 2 };
  const answer = qr.http.post('/restaurants/2/tables', table);
  await until(async () => (await made()).length > 0);
  quiet.comeBack();
  const { table_id } = await answer;
  assert.deepEqual((await made()).map((each) => each.table_id), [table_id]);
  quiet.close();
});

test('sockets of the same channel are shared until they are closed', async () => {
  const qr = client({ url: SERVICE });
  const order = qr.order(1);
  assert.equal(qr.order('1'), order);
  assert.equal(qr.status.state, 'connecting');
  await live(order);
  order.close();
  assert.notEqual(qr.order(1), order);
});
