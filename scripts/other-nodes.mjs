/**
 * `npm run test:nodes`: whether other versions of Node compute the same bytes. Fetches the npm packages node@22 and node@24 (or
 * those named as arguments: `npm run test:nodes -- 24`) into node_modules/.cache once, runs test/nodes/digests.ts on
 * each and on this Node, and prints one row per part. Exits with 1 if a digest differs, with 3 if a Node cannot be had.
 * An optional check, 125 MB each: `npm test` does not need it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24'];
const results = [process.execPath, ...versions.map(fetched)].map(digestsOn);
const [own] = results;

const parts = Object.keys(own.digests);
const width = Math.max(...parts.map((part) => part.length));
const row = (title, cells) =>
  process.stdout.write(`| ${title.padEnd(width)} | ${cells.map((c) => c.padEnd(12)).join(' | ')} |\n`);
row(
  'SHA-256 begins with',
  results.map(({ node }) => `Node ${node}`),
);
row(
  '-'.repeat(width),
  results.map(() => '-'.repeat(12)),
);
for (const part of parts) {
  row(
    part,
    results.map(({ digests }, i) => {
      const same = digests[part] === own.digests[part];
      return i > 0 && same ? 'same' : `${(digests[part] ?? 'none').slice(0, 8)}${same ? '' : ' !'}`;
    }),
  );
}

// "family, twin": the twins of one family must agree as well, on every Node.
const faults = [];
for (const { node, digests } of results) {
  for (const part of parts) {
    if (digests[part] !== own.digests[part])
      faults.push(`${part}: Node ${node} differs from Node ${own.node}`);
    const first = parts.find((other) => other.split(',')[0] === part.split(',')[0]);
    if (digests[part] !== digests[first]) faults.push(`${part}: differs from "${first}" on Node ${node}`);
  }
}
const sizes = results.map(({ bytes }) => bytes);
if (new Set(sizes).size > 1) faults.push(`unequal numbers of bytes: ${sizes.join(', ')}`);
faults.forEach((fault) => process.stdout.write(`${fault}\n`));
process.stdout.write(
  `\n${own.bytes} bytes in ${parts.length} parts on Node ${results.map(({ node }) => node).join(', ')}: ` +
    `${faults.length === 0 ? 'all the same' : `${faults.length} differences`}\n`,
);
process.exit(faults.length === 0 ? 0 : 1);

/** The program of a Node version, fetched if the cache does not have it. */
function fetched(version) {
  const folder = at(`node_modules/.cache/tensorslim/node-${version}`);
  const known = programIn(folder);
  if (known !== undefined) return known;
  process.stdout.write(`fetching node@${version} ...\n`);
  mkdirSync(folder, { recursive: true });
  // A package.json of its own keeps npm from installing into this project.
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n');
  const options = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const npm = spawnSync('npm', ['install', ...options, `node@${version}`], { cwd: folder, encoding: 'utf8' });
  const program = programIn(folder);
  if (program === undefined) fail(`npm could not install node@${version}: ${npm.error ?? npm.stderr}`);
  return program;
}

/** The package's install script fetches the binary for this system into a folder named after it. */
function programIn(folder) {
  const packages = `${folder}/node_modules/node/node_modules`;
  const places = existsSync(packages)
    ? readdirSync(packages).map((name) => `${packages}/${name}/bin/node`)
    : [];
  return places.find(existsSync);
}

function digestsOn(program) {
  const { status, stdout, stderr, error } = spawnSync(
    program,
    [at('scripts/run.mjs'), at('test/nodes/digests.ts')],
    { cwd: at('.'), encoding: 'utf8' },
  );
  if (status !== 0) fail(`${program} failed: ${error ?? stderr}`);
  return JSON.parse(stdout);
}

function fail(message) {
  process.stderr.write(`test:nodes: ${message}\n`);
  process.exit(3);
}
