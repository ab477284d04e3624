/**
 * The same work on a Redis Cluster of three nodes and on one Redis, with as many partitions: one tree, which lies on one
 * node whatever its size, and several at once, which are spread.
 */
import { RedisCluster } from '../../redis-cluster.ts';
import { type Contender, hold } from '../contest.ts';
import { Corral } from '../peers/corral.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { check, rate, type Workload } from '../workload.ts';

/** What docs/guide/redis.md advises. */
const queues = 12;
const trees = 10;

export const redisCluster: Workload = {
  name: 'redis-cluster',
  async *measure({ quick, rounds }) {
    const count = quick ? 100 : 10_000;
    await using rig = await Rig.start();
    const nodes = await RedisCluster.startAs(await rig.redisBinary(), '--appendonly', 'no');
    rig.defer(() => nodes[Symbol.asyncDispose]());
    const servers = nodes.nodes.map(({ redis }) => ({ redis: rig.open(redis.url), pid: redis.pid }));
    const clustered = await Corral.start(rig, { url: nodes.url, queues, prefix: 'clustered' });
    const single = await Corral.start(rig, { queues, prefix: 'single' });
    const onNodes = (contender: Contender): Contender => ({
      ...contender,
      redis: servers.map(({ redis }) => redis),
      processes: {
        ...contender.processes,
        ...Object.fromEntries(servers.map(({ pid }, i) => [`redis-${i + 1}`, pid])),
      },
    });
    for (const gathers of [1, trees]) {
      const size = count / gathers;
      const run = (corral: Corral) => () =>
        rate(count, async () => {
          const all = Array.from({ length: gathers }, () => corral.run('bench.gather', { count: size }));
          for (const answer of await Promise.all(all)) check('gather', answer, size);
        });
      const told = `gather of ${size.toLocaleString('en')}`;
      const title = `Redis Cluster of 3, ${gathers === 1 ? told : `${gathers} × ${told} at once`}`;
      const [ours, ...others] = await hold({
        ...{ title, rounds, warmUps: quick ? 1 : 2 },
        contenders: [onNodes(clustered.contender(run(clustered))), single.contender(run(single), 'one Redis')],
      });
      yield rowOf({ title, unit: 'tasks/s' }, ours, others, count);
    }
  },
};
