// The viewers of the OpenAPI and AsyncAPI documents in Chromium: their content and their requests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Devices } from './devices.mjs';
import { SERVICE, TOKEN } from './harness.mjs';

const devices = new Devices();

before(() => devices.start());
after(async () => {
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

/** Open a page of the documentation and record its requests. */
async function open(path, device = 'desktop') {
  const page = await devices.page(device);
  const requests = [];
  page.on('request', (request) => requests.push(request));
  await page.goto(SERVICE + path);
  return { page, requests };
}

/** Origins of the requests, without data URLs. */
const hosts = (requests) => new Set(requests.map((each) => new URL(each.url())).filter(({ protocol }) => protocol !== 'data:').map(({ origin }) => origin));

test('the HTTP API page sends a trial request with a token, and none to another host', async () => {
  const { page, requests } = await open('/api/docs');
  await page.getByRole('button', { name: 'Authorize' }).click();
  await page.getByRole('textbox', { name: 'auth-bearer-value' }).fill(TOKEN);
  await page.getByRole('button', { name: 'Apply credentials' }).click();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  const operation = page.locator('.opblock', { hasText: 'Status of a restaurant' });
  await operation.getByRole('button', { name: 'Status of a restaurant' }).press('Enter');
  await operation.getByRole('button', { name: 'Try it out' }).press('Enter');
  await operation.getByPlaceholder('id').fill('2');
  const [sent] = await Promise.all([
    page.waitForRequest(`${SERVICE}/api/restaurants/2`),
    operation.getByRole('button', { name: 'Execute' }).click(),
  ]);
  assert.equal(sent.headers().authorization, `Bearer ${TOKEN}`);
  assert.equal((await sent.response()).status(), 200);
  await operation.locator('.live-responses-table').getByText('"restaurant_status"').waitFor();
  assert.deepEqual(hosts(requests), new Set([SERVICE]));
  await page.context().close();
});

test('the channels page shows actions and close codes, and sends no request to another host', async () => {
  const { page, requests } = await open('/api/asyncapi');
  await page.getByRole('heading', { name: 'table.occupy', exact: true }).first().waitFor();
  await page.getByText('Close codes').click();
  await page.getByRole('cell', { name: '4408' }).waitFor();
  assert.deepEqual(hosts(requests), new Set([SERVICE]));
  await page.context().close();
});

test('the pages link the documents if scripts are disabled', async () => {
  const page = await devices.page('phone', 'light', { javaScriptEnabled: false });
  for (const path of ['/api/docs', '/api/asyncapi']) {
    await page.goto(SERVICE + path);
    assert.equal(await page.getByRole('link', { name: 'document' }).count(), 2);
  }
  await page.context().close();
});
