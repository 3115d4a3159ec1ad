// Runs the usage of client.js unchanged, with the class of `web/client/`: prints every event until it is killed.
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
