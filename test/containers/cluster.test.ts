/** The image as it is shipped: Redis, an API and workers in containers that are scaled, killed and restarted. */

import type { StartedNetwork, StartedTestContainer } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildImage, docker, image, noContainers, redisImage } from './docker.ts';
import { Rest, type WorkerView } from './rest.ts';

describe.skipIf(noContainers !== undefined)(`containers${noContainers ? `: skipped, ${noContainers}` : ''}`, () => {
  const containers: StartedTestContainer[] = [];
  let network: StartedNetwork;
  let redis: StartedTestContainer;
  let rest: Rest;
  let startWorker: () => Promise<StartedTestContainer>;

  beforeAll(async () => {
    buildImage();
    // Its helper that cleans up after a crash is one image more, which need not be there.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    const { GenericContainer, Network, Wait } = await import('testcontainers');
    network = await new Network().start();
    const keep = async (container: Promise<StartedTestContainer>): Promise<StartedTestContainer> => {
      const started = await container;
      containers.push(started);
      return started;
    };
    redis = await keep(
      new GenericContainer(redisImage)
        .withNetwork(network)
        .withNetworkAliases('redis')
        .withCommand(['redis-server', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--hz', '100'])
        .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
        .start(),
    );
    const ours = (port: number) =>
      new GenericContainer(image)
        .withNetwork(network)
        .withEnvironment({ REDIS_URL: 'redis://redis:6379', WORKER_SLOTS: '20' })
        .withExposedPorts(port)
        .withWaitStrategy(Wait.forHttp('/readyz', port));
    const api = await keep(ours(3000).start());
    rest = new Rest(`http://${api.getHost()}:${api.getMappedPort(3000)}`);
    startWorker = () =>
      keep(ours(9464).withCommand(['node', '--enable-source-maps', 'apps/worker/dist/main.js']).start());
    await startWorker();
    await startWorker();
    await rest.until('two workers up', ({ workers }) => workers.up === 2);
  }, 900_000);

  afterAll(async () => {
    for (const container of containers.reverse()) await container.stop().catch(() => undefined); // one was killed
    await network?.stop();
  }, 120_000);

  test('run what is submitted', async () => {
    const main = await rest.ended(await rest.submit('main', {}));
    expect(main.state).toBe('succeeded');
  });

  test('more of them are more slots', async () => {
    await startWorker();
    await rest.until('60 slots', ({ slots, workers }) => workers.up === 3 && slots === 60);
  });

  test('a killed one costs time and no result', async () => {
    const sleepers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => rest.submit('sleep', { ms: 4_000, result: n })),
    );
    await rest.until('all asleep', ({ tasks }) => tasks.suspended === 30);
    // One that has a task: which of three idle workers take them is not for a test to say.
    const { worker } = await rest.task(sleepers[0] as string);
    const { host } = (await rest.workers()).find(({ id }) => id === worker) as WorkerView;
    const killed = containers.find((container) => container.getId().startsWith(host));
    docker('kill', killed?.getId() ?? `none is called ${host}`);
    const tasks = await Promise.all(sleepers.map((id) => rest.ended(id)));
    expect(tasks.map(({ result }) => result)).toEqual(sleepers.map((_, n) => n));
    await rest.until('one lost', ({ workers }) => workers.lost === 1 && workers.up === 2);
    expect((await rest.cluster()).recovered).toBeGreaterThan(0);
  });

  test('a restart of Redis loses nothing, and nothing runs twice for it', async () => {
    const { recovered } = await rest.cluster();
    const sleepers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => rest.submit('sleep', { ms: 3_000, result: n })),
    );
    await rest.until('all asleep', ({ tasks }) => tasks.suspended === 10);
    docker('restart', '--time', '5', redis.getId());
    const tasks = await Promise.all(sleepers.map((id) => rest.ended(id)));
    expect(tasks.map(({ state, attempt }) => [state, attempt])).toEqual(sleepers.map(() => ['succeeded', 1]));
    expect((await rest.cluster()).recovered).toBe(recovered);
  });

  test('metrics tell all of it', async () => {
    const metrics = await rest.metrics();
    expect(metrics).toContain('corral_cluster_settled_total{coroutine="sleep",outcome="succeeded"} 40');
    expect(metrics).toContain('corral_cluster_workers{state="lost"} 1');
    expect(metrics).toContain('corral_store_up 1');
  });
});
