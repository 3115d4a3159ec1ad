// Runs client.js, which is the document's class and its usage to the letter, under Node with `ws`:
// prints every event for as long as the test lets it live.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

global.WebSocket = require('ws');
const source = fs.readFileSync(path.join(__dirname, 'client.js'), 'utf8');
vm.runInThisContext(source, { filename: 'client.js' });
