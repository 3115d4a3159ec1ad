// Runs the usage of client.js to the letter, with the class imported from `web/client/`: prints
// every event for as long as the test lets it live.
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

import { WebSocket } from 'ws';

globalThis.WebSocket = WebSocket;
globalThis.crypto ??= webcrypto; // Node 18, as Debian 12 has it
const { RestaurantQRClient } = await import('../../../web/client/index.js');
globalThis.RestaurantQRClient = RestaurantQRClient;
const source = readFileSync(new URL('./client.js', import.meta.url), 'utf8');
vm.runInThisContext(source.slice(source.indexOf('// Usage')), { filename: 'client.js' });
