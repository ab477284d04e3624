/**
 * Makes `npm start` and `npm test` work on a fresh clone: installs what package-lock.json asks for and is not there, and
 * makes sure of a Node that is new enough. Runs on the machine's own Node, whatever that is, and imports no package.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ownNode = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
const wanted = [24, 11];

if (!isInstalled()) {
  const code = await install();
  if (code !== 0) process.exit(code);
}
checkNode();

/** npm writes what it has installed beside the packages; that must be what the lock file asks for. */
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const asked = packages(join(root, 'package-lock.json'));
  const there = packages(hidden);
  return Object.entries(asked).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') || entry.link) return true;
    const found = there[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

function packages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    fail(`${path} cannot be read: ${error.message}`);
  }
}

function install() {
  process.stderr.write('Installing packages (once; usually less than a minute) ...\n');
  // Not by the Node in node_modules, which npm is about to replace.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: root,
    env: { ...process.env, PATH: path.join(delimiter) },
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  });
  // A signal to npm ends the shell above this process and nothing below it: follow the shell.
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && stop(), 250);
  const stop = () => {
    npm.kill('SIGTERM');
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
  return new Promise((resolve) => {
    npm.once('error', (error) => fail(`npm cannot be started: ${error.message}`));
    npm.once('close', (code) => {
      clearInterval(watch);
      if (code !== 0) process.stderr.write('npm ci failed: see above.\n');
      resolve(code ?? 1);
    });
  });
}

/** npm puts node_modules/.bin first on the path of every script, so the Node in there counts when it can run here. */
function checkNode() {
  if (existsSync(ownNode)) {
    const { stdout, error } = spawnSync(ownNode, ['--version'], { encoding: 'utf8' });
    if (isNewEnough(stdout?.trim() ?? '')) return;
    fail(
      `${ownNode} does not run here: ${error?.message ?? 'it tells no version'}.\n` +
        `Install Node ${wanted.join('.')} or newer, then: npm ci --omit=optional`,
    );
  }
  if (!isNewEnough(process.version))
    fail(`Corral needs Node ${wanted.join('.')} or newer (https://nodejs.org); this is ${process.version}.`);
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
