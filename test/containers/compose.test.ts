/** docker-compose.yml itself, under a project name and ports of its own. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { panelExpressions, plain, rules } from '../../deploy/grafana/test/expressions.ts';
import { freePort } from '../../scripts/free-port.ts';
import { buildImage, composeCommand, docker, image, noContainers, root } from './docker.ts';
import { Rest } from './rest.ts';

const project = `corral-test-${process.pid}`;
const reason = noContainers ?? (composeCommand === undefined ? 'there is no docker compose' : undefined);

describe.skipIf(reason !== undefined)(`compose${reason ? `: skipped, ${reason}` : ''}`, () => {
  let env: NodeJS.ProcessEnv;
  let rest: Rest;
  let prometheus: string;

  function compose(...args: string[]): string {
    const [command = '', ...first] = composeCommand ?? [];
    const all = [...first, '-p', project, '-f', 'docker-compose.yml', ...args];
    return execFileSync(command, all, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  const up = (workers: number): string =>
    compose(
      'up',
      '-d',
      '--no-build',
      '--no-recreate',
      '--scale',
      `worker=${workers}`,
      'redis',
      'api',
      'worker',
      'prometheus',
    );

  const workerIds = (): string[] =>
    docker(
      'ps',
      '-q',
      '--filter',
      `label=com.docker.compose.project=${project}`,
      '--filter',
      'label=com.docker.compose.service=worker',
    )
      .split('\n')
      .filter((id) => id !== '');

  async function ask<Data>(path: string): Promise<Data> {
    const answer = await fetch(`${prometheus}/api/v1/${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { data: Data }).data;
  }

  async function query(expr: string): Promise<number> {
    const { result } = await ask<{ result: { value: [number, string] }[] }>(
      `query?${new URLSearchParams({ query: expr })}`,
    );
    return Number(result[0]?.value[1]);
  }

  async function untilMetric(expr: string, expected: number): Promise<void> {
    const end = performance.now() + 90_000;
    for (;;) {
      const seen = await query(expr).catch(() => Number.NaN);
      if (seen === expected) return;
      if (performance.now() > end) throw new Error(`${expr} is ${seen}, not ${expected}`);
      await sleep(500);
    }
  }

  beforeAll(async () => {
    buildImage();
    const [api, metrics] = [await freePort(), await freePort()];
    env = {
      ...process.env,
      REDIS_URL: '',
      CORRAL_IMAGE: image,
      PORT: String(api),
      PROMETHEUS_PORT: String(metrics),
      WORKER_SLOTS: '20',
    };
    rest = new Rest(`http://127.0.0.1:${api}`);
    prometheus = `http://127.0.0.1:${metrics}`;
    up(2);
    await rest.until('two workers up', ({ workers }) => workers.up === 2);
  }, 900_000);

  afterAll(() => {
    compose('down', '-v', '--timeout', '20');
  }, 120_000);

  test('Prometheus finds every worker by DNS', async () => {
    await untilMetric('count(up{job="corral-worker"} == 1)', 2);
    await untilMetric('sum(corral:stuck)', 0);
  });

  test('--scale 5 and back to 1 under load: all tasks settle, none runs twice', async () => {
    const ids = await Promise.all(
      Array.from({ length: 100 }, (_, n) => rest.submit('sleep', { ms: 15_000, result: n })),
    );
    up(5);
    await rest.until('five workers', ({ workers, slots }) => workers.up === 5 && slots === 100);
    await untilMetric('count(up{job="corral-worker"} == 1)', 5);
    up(1);
    await rest.until('one worker', ({ workers }) => workers.up === 1);
    const tasks = await Promise.all(ids.map((id) => rest.ended(id)));
    expect(tasks.map(({ result, attempt }) => [result, attempt])).toEqual(ids.map((_, n) => [n, 1]));
    await untilMetric('count(up{job="corral-worker"} == 1)', 1);
    await untilMetric('max(corral_cluster_settled_total{coroutine="sleep", outcome="succeeded"})', 100);
  }, 240_000);

  test('Prometheus has taken every rule, and takes every query of the dashboards', async () => {
    const { groups } = await ask<{ groups: { rules: { health: string }[] }[] }>('rules');
    expect(groups.flatMap((group) => group.rules.map(({ health }) => health))).toEqual(rules.map(() => 'ok'));
    for (const { expr } of panelExpressions) await query(plain(expr));
  });

  test('containers have no rights that they do not need', () => {
    const [id = ''] = workerIds();
    const [{ HostConfig: host, Config: config }] = JSON.parse(docker('inspect', id));
    expect(host).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], Init: true, Privileged: false });
    expect(host.SecurityOpt).toContain('no-new-privileges:true');
    expect(host.Memory).toBe(1024 ** 3);
    expect(config.User).toBe('node');
  });
});
