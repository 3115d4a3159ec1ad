// Runs client.js, the document's class and usage, unchanged under Node with `ws`: prints every event until
// it is killed.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

global.WebSocket = require('ws');
const source = fs.readFileSync(path.join(__dirname, 'client.js'), 'utf8');
vm.runInThisContext(source, { filename: 'client.js' });
