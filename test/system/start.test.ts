/** `npm start` on a clean copy: nothing is installed, built or running but what it brings itself. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createSite } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';
import { Program } from './program.ts';

const root = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'corral-clean-copy-'));

beforeAll(() => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--deduplicate'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of files.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const start = (env: NodeJS.ProcessEnv, ...args: string[]): Program =>
  new Program('npm', ['start', ...(args.length === 0 ? [] : ['--', ...args])], { cwd: copy, env });

const post = async (url: string, body: string): Promise<unknown> => {
  // As curl -d sends it, with no word of JSON.
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return (await fetch(url, { method: 'POST', headers, body })).json();
};

describe('npm start', () => {
  test('installs, builds, runs siteAudit on two workers, answers the line to copy, and ends with everything', async () => {
    const port = String(await freePort());
    const program = start({ PORT: port });
    const [, body = '', url = ''] = await program.printed(/curl -d '(.+)' '(.+)'/);

    expect(program.output).toMatch(/Installing packages/);
    expect(program.output).toMatch(/siteAudit of http:/);
    expect(program.output).toMatch(
      /by 2 workers:\n\s+worker-1 \(pid \d+\): \d+ requests?\n\s+worker-2 \(pid \d+\): \d+ requests?\n/,
    );
    expect(program.output).toMatch(
      /(\d+) broken links:[\s\S]*\1 faults were planted on this site; found: exactly these/,
    );
    expect(url).toContain(`:${port}/`);
    expect(await post(url, body)).toMatchObject({ coroutine: 'main', state: 'succeeded' });

    const commands = program.family().map(({ command }) => command);
    expect(commands.filter((command) => command.includes('apps/worker/dist/main.js'))).toHaveLength(2);
    program.signal('SIGTERM');
    await program.ended;
    expect(program.family()).toEqual([]);
  });

  test('runs a coroutine from ./coroutines by name; Ctrl-C ends everything', async () => {
    mkdirSync(join(copy, 'coroutines'), { recursive: true });
    writeFileSync(
      join(copy, 'coroutines', 'greet.ts'),
      `import { coroutine } from '@corral/scheduler';
       export const greet = coroutine('greet', async (_loop, { name }: { name: string }) => \`hello \${name}\`);`,
    );
    const port = String(await freePort());
    const program = start({ PORT: port, WORKERS: '1' });
    await program.printed(/Try it/);
    expect(program.output).not.toMatch(/Installing packages/);
    const answer = await post(
      `http://127.0.0.1:${port}/v1/tasks?waitMs=5000`,
      '{"coroutine":"greet","args":{"name":"world"}}',
    );
    expect(answer).toMatchObject({ state: 'succeeded', result: 'hello world' });
    program.interrupt();
    await program.ended;
    expect(program.family()).toEqual([]);
    expect(readFileSync(join(copy, '.corral', 'logs', 'worker-1.log'), 'utf8')).toContain('"closed"');
  });

  test('a worker that is killed is told of, and the rest goes on', async () => {
    const port = String(await freePort());
    const program = start({ PORT: port });
    const [, pid] = await program.printed(/worker-1 {2}pid (\d+)[\s\S]*Try it/);
    process.kill(Number(pid), 'SIGKILL');
    await program.printed(/worker-1 \(pid \d+\) ended with SIGKILL[\s\S]*Its tasks go to the 1 left/);
    const answer = await post(`http://127.0.0.1:${port}/v1/tasks?waitMs=9000`, '{"coroutine":"main","args":{}}');
    expect(answer).toMatchObject({ state: 'succeeded' });

    const [last] = program.family().filter(({ command }) => command.includes('apps/worker/dist/main.js'));
    process.kill(last?.pid ?? 0, 'SIGKILL');
    expect((await program.ended).code).toBe(1);
    expect(program.output).toMatch(/worker-2 \(pid \d+\) ended with SIGKILL/);
    expect(program.family()).toEqual([]);
  });

  test('a start that fails half-way leaves nothing behind and says why', async () => {
    writeFileSync(join(copy, 'coroutines', 'broken.ts'), 'enum Color { red }');
    const program = start({ PORT: String(await freePort()) });
    expect((await program.ended).code).toBe(1);
    rmSync(join(copy, 'coroutines', 'broken.ts'));
    expect(program.output).toMatch(/worker-\d \(pid \d+\) ended with exit code 1/);
    expect(program.output).toContain('coroutines/broken.ts:1: TypeScript enum is not supported');
    expect(program.family()).toEqual([]);
  });

  test('--once audits the URL that is given and ends with exit code 0', async () => {
    const site = createSite((_request, reply) =>
      reply.setHeader('content-type', 'text/html').end('<a href="#top">top</a>'),
    );
    await once(site.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
    const program = start({ PORT: String(await freePort()) }, '--once', url);
    const ended = await program.ended;
    site.close();
    expect(program.output).toContain(`siteAudit of ${url}\n  1 page `);
    expect(program.output).not.toMatch(/planted|Try it/);
    expect(ended.code).toBe(0);
    expect(program.family()).toEqual([]);
  });

  test('a port that is taken is told before anything is started', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const program = start({ PORT: String(port) });
    const ended = await program.ended;
    taken.close();
    expect(program.output).toContain(`PORT=${port} is in use by another process`);
    expect(ended.code).toBe(1);
  });

  test('wrong settings and arguments are told at once', async () => {
    const settings = start({ WORKERS: '0', WORKER_SLOTS: 'x' });
    expect((await settings.ended).code).toBe(1);
    expect(settings.output).toContain('WORKER_SLOTS="x": expected an integer from 1 to 10000\nWORKERS="0": expected');
    const argument = start({}, '--twice');
    expect((await argument.ended).code).toBe(1);
    expect(argument.output).toContain('usage: npm start');
  });
});
