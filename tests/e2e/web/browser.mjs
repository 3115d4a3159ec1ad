// Starts and signals Chromium.
import { readFileSync, readdirSync } from 'node:fs';

import { chromium } from 'playwright-core';

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** A browser with an empty profile, with functions that signal all of its processes and close it. */
export async function browser() {
  const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
  const server = await chromium.launchServer({ executablePath, headless: true, args: ARGS });
  const connected = await chromium.connect(server.wsEndpoint());
  return {
    connected,
    signal: (name) => processTree(server.process().pid).forEach((pid) => process.kill(pid, name)),
    close: () => server.close(),
  };
}

/** Process ids of a process and its descendants. */
function processTree(pid) {
  const children = new Map();
  for (const each of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, parent] = readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1].split(' ');
      children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(each)]);
    } catch {
      // the process has ended
    }
  }
  const all = (each) => [each, ...(children.get(each) ?? []).flatMap(all)];
  return all(pid);
}
