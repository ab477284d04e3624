/** runService ends the process, so each case is a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'corral-service-'));
afterAll(() => rmSync(folder, { recursive: true }));
const source = (name: string): string => JSON.stringify(new URL(`../src/${name}.ts`, import.meta.url).href);

/** Runs `start` (its source text) and sends the signals, each as soon as its line of output has come. */
async function run(start: string, signals: [line: string, signal: NodeJS.Signals][], pretty = false) {
  const file = join(folder, `${Math.random()}.ts`);
  writeFileSync(
    file,
    `import { createLogger } from ${source('logger')};
     import { runService, StartError } from ${source('run-service')};
     import { loadSettings } from ${source('settings')};
     import { workerSettings } from ${source('settings-table')};
     const logger = createLogger({ logLevel: 'info', logPretty: ${pretty} });
     setInterval(() => {}, 1000);
     await runService(async () => { ${start} });`,
  );
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const listen = (chunk: Buffer): void => {
    output += chunk;
    const [next] = signals;
    if (next !== undefined && output.includes(next[0])) {
      signals.shift();
      child.kill(next[1]);
    }
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

const service = (close: string, shutdownMs = 300): string =>
  `logger.info('started'); return { logger, shutdownMs: ${shutdownMs}, close: async () => { ${close} } };`;

test.each(['SIGTERM', 'SIGINT'] as const)('%s closes the service and exits with 0', async (signal) => {
  const { code, output } = await run(service(`logger.info('draining')`), [['started', signal]]);
  expect(
    output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).msg),
  ).toEqual(['started', `${signal}: closing`, 'draining', 'closed']);
  expect(code).toBe(0);
});

test('a service that does not close in time exits with 1', async () => {
  const { code, output } = await run(service('await new Promise(() => {})'), [['started', 'SIGTERM']]);
  expect(output).toContain('not closed within 300 ms');
  expect(code).toBe(1);
});

test('a service that fails to close exits with 1 and says why', async () => {
  const { code, output } = await run(service(`throw new Error('stuck')`), [['started', 'SIGTERM']]);
  expect(output).toContain('stuck');
  expect(code).toBe(1);
});

test('a second signal cuts the closing short', async () => {
  const slow = `setTimeout(() => logger.info('still draining'), 600); await new Promise(() => {})`;
  const { code } = await run(service(slow, 5000), [
    ['started', 'SIGINT'],
    ['still draining', 'SIGINT'],
  ]);
  expect(code).toBe(130);
});

test('the echo of a signal, which npm hands on, does not', async () => {
  const { code, output } = await run(service(`logger.info('draining'); await new Promise((f) => setTimeout(f, 100))`), [
    ['started', 'SIGINT'],
    ['draining', 'SIGINT'],
  ]);
  expect(output).toContain('"closed"');
  expect(code).toBe(0);
});

test('a signal before the start is over exits with 0', async () => {
  const { code } = await run(`logger.info('starting'); await new Promise(() => {}); ${service('')}`, [
    ['starting', 'SIGTERM'],
  ]);
  expect(code).toBe(0);
});

test('wrong settings are told in plain words', async () => {
  const { code, output } = await run(`loadSettings(workerSettings, { WORKER_SLOTS: 'abc' }); ${service('')}`, []);
  expect(output).toBe('WORKER_SLOTS="abc": expected an integer from 1 to 10000\n');
  expect(code).toBe(1);
});

test('a start that fails for a reason of its own says so without a stack, a bug with one', async () => {
  const plain = await run(`throw new StartError('the folder is missing');`, []);
  expect(plain).toEqual({ code: 1, output: 'the folder is missing\n' });
  const bug = await run(`throw new TypeError('a bug');`, []);
  expect(bug.code).toBe(1);
  expect(bug.output).toMatch(/TypeError: a bug\n\s+at /);
});

test('lines for people carry no JSON', async () => {
  const { output } = await run(service(''), [['started', 'SIGTERM']], true);
  expect(output).toMatch(/INFO.*started/);
  expect(output).toContain('closed');
});
