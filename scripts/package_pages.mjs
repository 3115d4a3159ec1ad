// Packages the pages of `web/`: `node scripts/package_pages.mjs`, or `make pages`.
//
// Writes `build/pages/`: for each page one script and one style sheet, minified, and one file for each
// language's texts, all named by their content's hash; beside every file its Brotli and gzip form. The
// file `sources` has the digest of what was packaged: the gateway serves the package only if it still
// matches `web/`, and the plain files otherwise.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const ROOT = resolve(import.meta.dirname, '..');
const WEB = join(ROOT, 'web');
const OUT = join(ROOT, 'build', 'pages');
const { build } = createRequire(join(ROOT, 'tests/e2e/package.json'))('esbuild');

/** The oldest browsers that guests may have, see docs/browsers.md. */
const TARGET = ['safari15.4', 'chrome100', 'firefox102'];
const COMPRESSED_FROM_BYTES = 512;
const STYLE = /\n?<link rel="stylesheet" href="([^"]+)">/g;
const SCRIPT = /\n?<script type="module" src="([^"]+)"><\/script>/g;

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function digestOf(folder) {
  const digest = createHash('sha256');
  for (const name of filesIn(folder)) digest.update(`${name}\0`).update(readFileSync(join(folder, name))).update('\0');
  return digest.digest('hex');
}

function write(name, content) {
  const path = join(OUT, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  if (content.length < COMPRESSED_FROM_BYTES) return;
  writeFileSync(`${path}.br`, brotliCompressSync(content));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}

/** Bundle what one page imports; resolves to the names below `assets/` of the bundle and, by language, of its texts. */
async function bundle(page, folder, addresses, kind) {
  if (addresses.length === 0) return { texts: {} };
  const imported = addresses.map((address) => JSON.stringify(address.startsWith('/') ? WEB + address : `./${address}`));
  const contents = imported.map((address) => `${kind === 'css' ? '@import' : 'import'} ${address};`).join('\n');
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: folder, sourcefile: `${page}.${kind}`, loader: kind },
    outdir: join(OUT, 'assets'), absWorkingDir: ROOT, entryNames: `${page}-[hash]`, chunkNames: `${page}-[name]-[hash]`,
    bundle: true, minify: true, splitting: kind === 'js', format: 'esm', target: TARGET, metafile: true, write: false,
    charset: 'utf8', legalComments: 'none', logLevel: 'warning',
  });
  for (const { path, contents: built } of outputFiles) write(relative(OUT, path), built);
  const files = Object.entries(metafile.outputs).map(([name, { entryPoint = '' }]) =>
    ({ entryPoint, name: relative(join(OUT, 'assets'), join(ROOT, name)) }));
  const texts = files.filter(({ entryPoint }) => entryPoint.includes('/texts/'))
    .map(({ entryPoint, name }) => [basename(entryPoint, '.js'), name]);
  return {
    entry: files.find(({ entryPoint }) => entryPoint.endsWith(`/${page}.${kind}`))?.name,
    texts: Object.fromEntries(texts.sort()),
  };
}

async function packagePage(path) {
  const folder = join(WEB, dirname(path));
  const name = path.replace(/(\/index)?\.html$/, '').replace('/', '-');
  const source = readFileSync(join(WEB, path), 'utf8');
  const addresses = (pattern) => [...source.matchAll(pattern)].map(([, address]) => address);
  const [script, style] = await Promise.all([
    bundle(name, folder, addresses(SCRIPT), 'js'), bundle(name, folder, addresses(STYLE), 'css'),
  ]);
  const up = path.includes('/') ? '../' : name === 'missing' ? '/' : '';
  // First of all, on the connection that brought the page: each other connection takes two more round trips.
  const early = script.entry ? `<link rel="modulepreload" href="${up}assets/${script.entry}">\n` : '';
  const head = [
    style.entry && `<link rel="stylesheet" href="${up}assets/${style.entry}">`,
    script.entry && `<script type="module" src="${up}assets/${script.entry}"></script>`,
  ].filter(Boolean).join('\n');
  // `boot.js` preloads those of the reader's language.
  const texts = Object.entries(script.texts).map(([language, file]) => [language, `${up}assets/${file}`]);
  const named = texts.length > 0 ? ` data-texts='${JSON.stringify(Object.fromEntries(texts))}'` : '';
  const bare = source.replace(STYLE, '').replace(SCRIPT, '').replace('boot.js"', `boot.js"${named}`);
  write(path, Buffer.from(bare.replace('<title>', `${early}<title>`).replace('\n</head>', `\n${head}\n</head>`)));
}

rmSync(OUT, { recursive: true, force: true });
const names = filesIn(WEB);
await Promise.all(names.filter((name) => name.endsWith('.html')).map(packagePage));
// Used by other pages of the service, and the client by pages of anybody.
const plain = /^(shared\/boot\.js|client\/.*\.js|vendor\/LICENSE.*\.txt|reference\.js|[^/]+\.(css|png|svg))$/;
for (const name of names.filter((each) => plain.test(each))) write(name, readFileSync(join(WEB, name)));
writeFileSync(join(OUT, 'sources'), digestOf(WEB));
