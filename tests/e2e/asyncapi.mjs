// Prints the findings of AsyncAPI's own parser for the document on standard input, one a line.
import { Parser } from '@asyncapi/parser';
import { readFileSync } from 'node:fs';

const WARNING = 1;
const { diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'));
for (const { severity, path, message } of diagnostics) {
  if (severity <= WARNING) console.log(`${path.join('.')}: ${message}`);
}
