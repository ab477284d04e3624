/** The auditor: what a sound store gives no cause for, and each planted damage that it must name. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { auditStore, examine, type Violation } from '../../libs/scheduler/src/audit/audit.ts';
import { readPartition } from '../../libs/scheduler/src/audit/read-partition.ts';
import { failed, leaves, partition, Rig, type Run } from '../../libs/scheduler/test/testing/conformance/rig.ts';
import { Walk } from '../../libs/scheduler/test/testing/store-walk.ts';
import { type RedisHarness, redisHarness } from './redis-harness.ts';

let harness: RedisHarness;
let rig: Rig;
beforeEach(async () => {
  harness = await redisHarness(1);
  rig = new Rig(harness);
});
afterEach(() => harness.close());

const look = async ({ connection }: RedisHarness = harness, mode: 'quiet' | 'offline' = 'quiet') =>
  examine(await readPartition(connection, partition), mode);

/** Changes Redis behind the store's back. */
const spoil = (...command: (string | number)[]) => {
  const [name = '', key, ...rest] = command;
  const { redis } = harness.connection;
  return redis.call(String(name), `${harness.connection.keys(partition)}${key}`, ...rest);
};

/** One worker; a root that waits for a child, a gather and a timer; another root that is ready. */
async function scene(): Promise<{ run: Run; waiting: string; child: string; group: string }> {
  await rig.worker('w1', { slots: 100 });
  await rig.sweep();
  const run = await rig.started();
  const gather = run.group(2, leaves(6), { limit: 2 });
  await run.commit({ spawns: [run.spawn(1)], groups: [gather], timers: [{ op: 3, ms: 60_000 }], suspended: true });
  await rig.claimOne(run.member(2, 0)).then((member) => member.settle());
  const waiting = await rig.submit();
  return { run, waiting, child: run.child(1), group: gather.id };
}

describe('a sound store', () => {
  it('has no violation, and a reason for every task to move', async () => {
    const { run, waiting, child, group } = await scene();
    const { violations, waits } = await look();
    expect(violations).toEqual([]);
    expect(Object.fromEntries(waits.map(({ task, because }) => [task, because]))).toMatchObject({
      [run.id]: 'it waits for 1 x timer, 1 x open child, 1 x open gather',
      [waiting]: 'a worker claims it, or the sweep takes its hint back',
      [child]: 'a worker claims it, or the sweep takes its hint back',
      [group]: expect.stringMatching(/^its \d members go/),
    });
  });

  it('with several partitions, asked as an operator asks', async () => {
    await harness.close();
    harness = await redisHarness(4);
    await harness.connection.agreeOnPartitions();
    rig = new Rig(harness);
    const { run } = await scene();
    for (const other of [1, 2, 3]) await harness.store.sweep(other, 2_000);
    const [, prefix = ''] = /\{(.*):0\}/.exec(harness.connection.tag(0)) ?? [];
    const report = await auditStore({ url: inject('redisUrl'), prefix, mode: 'quiet' });
    expect(report).toMatchObject({ partitions: 4, sessions: ['w1'], violations: [] });
    expect(report.waits.map(({ task }) => task)).toContain(run.id);
    await expect(auditStore({ url: inject('redisUrl'), prefix: 'nobody', mode: 'quiet' })).rejects.toThrow(
      'no cluster with the prefix nobody',
    );
  });

  it('between two attempts, and in the next one', async () => {
    const { run, child } = await scene();
    const settled = { retry: { ms: 5_000, firstOp: 10 } };
    expect(await run.settle(failed(), settled)).toBe('retrying');
    const because = async () => (await look()).waits.find(({ task }) => task === run.id)?.because;
    expect(await because()).toMatch(/^its next attempt is prepared by the end of the last of \d children$/);
    for (const left of [child, ...[1, 2].map((index) => run.member(2, index))])
      for (const claimed of await rig.claim([left])) await claimed.settle(failed());
    await rig.live(2_000, 'w1');
    expect((await look()).violations).toEqual([]);
    expect(await because()).toBe('the sweep goes on with its next attempt in time');
    await rig.live(4_000, 'w1');
    await rig.claimOne(run.id);
    expect(await look()).toMatchObject({ violations: [] });
  });

  it('in random stories', { timeout: 120_000 }, async () => {
    const stories = fc.array(fc.nat({ max: 1_000 }), { minLength: 20, maxLength: 200, size: 'max' });
    await fc.assert(
      fc.asyncProperty(stories, async (numbers) => {
        const own = await redisHarness(1);
        const walk = new Walk(numbers, own);
        try {
          await walk.go(); // each step is looked at
          await walk.finish();
          expect((await look(own, 'offline')).violations, walk.story.join('\n')).toEqual([]);
        } finally {
          await own.close();
        }
      }),
      { numRuns: 40, seed: 4 },
    );
  });
});

describe('online', () => {
  it('tells what stays, and not what moves on between two looks', async () => {
    const { waiting, child } = await scene();
    await harness.connection.agreeOnPartitions();
    await spoil('ZREM', 'hinted', child);
    await spoil('ZREM', 'hinted', waiting);
    const [, prefix = ''] = /\{(.*):0\}/.exec(harness.connection.tag(0)) ?? [];
    const pause = async (): Promise<void> => void (await spoil('ZADD', 'hinted', 0, waiting));
    const { violations } = await auditStore({ url: inject('redisUrl'), prefix, mode: 'online', pause });
    expect(violations.map(({ rule, task }) => [rule, task])).toEqual([['T3', child]]);
  });
});

type Scene = Awaited<ReturnType<typeof scene>>;
/** The task that a damage has made for itself. */
let lone = '';

/** A root; the members of its gather are claimed as one. */
async function wholeBatch(): Promise<Run> {
  const run = await rig.started();
  await run.commit({ groups: [run.group(1, leaves(3))] });
  await rig.claim([0, 1, 2].map((index) => run.member(1, index)));
  return run;
}
const damages: [
  title: string,
  rule: string,
  plant: (scene: Scene) => Promise<unknown>,
  whom: (scene: Scene) => string,
][] = [
  [
    'an outcome is gone',
    'T1',
    async () => {
      const run = await rig.started();
      await run.settle();
      await spoil('HDEL', `task:${run.id}`, 'payload');
      lone = run.id;
    },
    () => lone,
  ],
  [
    'an entry that tells neither an end nor a claim',
    'T3',
    ({ run }) => spoil('HSET', `entries:${run.child(2)}`, 0, 'what'),
    ({ run }) => run.member(2, 0),
  ],
  [
    'an entry of a claim that there was not',
    'T2',
    async ({ run }) => {
      await rig.claim([run.member(2, 1)]);
      await spoil('DEL', `batches:${run.child(2)}`);
    },
    ({ run }) => run.member(2, 1),
  ],
  [
    'an entry of a member of a whole batch',
    'T3',
    async () => {
      const run = await wholeBatch();
      await spoil('HSET', `entries:${run.child(1)}`, 1, '*1');
      lone = run.member(1, 1);
    },
    () => lone,
  ],
  [
    'a member in two whole batches',
    'T3',
    async () => {
      const run = await wholeBatch();
      await spoil('ZADD', `whole:${run.child(1)}`, 1, '2 1 2');
      lone = run.child(1);
    },
    () => lone,
  ],
  [
    'outcomes of a whole batch that there was not',
    'T1',
    async () => {
      const run = await wholeBatch();
      await spoil('HSET', `outcomes:${run.child(1)}`, 9, 'null');
      lone = run.child(1);
    },
    () => lone,
  ],
  ['counts of what is claimed as one', 'T3', () => spoil('HINCRBY', 'session:w1', 'batched', 1), () => 'w1'],
  [
    'counts of entries',
    'T4',
    ({ run }) => spoil('HINCRBY', `group:${run.child(2)}`, 'entries', 1),
    ({ run }) => run.child(2),
  ],
  [
    'nothing begins the next attempt of a task',
    'I6',
    async () => {
      const run = await rig.started();
      await run.settle(failed(), { retry: { ms: 5_000, firstOp: 0 } });
      await spoil('ZREM', 'timers', `${run.id}:retry`);
      lone = run.id;
    },
    () => lone,
  ],
  ['a state is no state', 'T1', ({ child }) => spoil('HSET', `task:${child}`, 'state', 'dead'), ({ child }) => child],
  [
    'an unsettled task has an outcome',
    'T1',
    ({ child }) => spoil('HSET', `task:${child}`, 'payload', '1'),
    ({ child }) => child,
  ],
  ['a token of another attempt', 'T2', ({ run }) => spoil('HSET', `task:${run.id}`, 'attempt', 7), ({ run }) => run.id],
  [
    'a token without a claim',
    'T2',
    ({ child }) => spoil('HSET', `task:${child}`, 'token', '1:w1:n'),
    ({ child }) => child,
  ],
  ['a task in no place', 'T3', ({ child }) => spoil('ZREM', 'hinted', child), ({ child }) => child],
  ['a task in two places', 'T3', ({ child }) => spoil('ZADD', 'ready', 1, child), ({ child }) => child],
  ['a claim of nobody', 'T3', () => spoil('ZREM', 'sessions', 'w1'), ({ run }) => run.id],
  ['a claim of a task that there is not', 'T3', () => spoil('SADD', 'claims:w1', 't_none'), () => 't_none'],
  [
    'a backlog that nobody hands out',
    'T3',
    ({ group }) => spoil('HSET', `group:${group}`, 'limit', 0),
    ({ group }) => group,
  ],
  ['a backlog that lacks a member', 'T3', ({ group }) => spoil('RPOP', `backlog:${group}`), ({ group }) => group],
  [
    'a task that its tree has forgotten',
    'T3',
    ({ run, child }) => spoil('SREM', `live:${run.id}`, child),
    ({ child }) => child,
  ],
  ['counts of children', 'T4', ({ run }) => spoil('HINCRBY', `task:${run.id}`, 'pending', 1), ({ run }) => run.id],
  ['counts of a gather', 'T4', ({ group }) => spoil('HINCRBY', `group:${group}`, 'left', -1), ({ group }) => group],
  [
    'a child that its parent does not list',
    'T4',
    ({ run, child }) => spoil('LREM', `children:${run.id}`, 1, child),
    ({ child }) => child,
  ],
  [
    'a settled task in ready',
    'I1',
    ({ run }) => spoil('ZADD', 'ready', 1, run.member(2, 0)),
    ({ run }) => run.member(2, 0),
  ],
  [
    'a settled task that is claimed',
    'I1',
    ({ run }) => spoil('SADD', 'claims:w1', run.member(2, 0)),
    ({ run }) => run.member(2, 0),
  ],
  [
    'the end of a child told twice',
    'I2',
    async (all) => spoil('RPUSH', `inbox:${all.run.id}`, await endChild(all), await endChild(all)),
    ({ run }) => run.id,
  ],
  [
    'the end of a child told too early',
    'I2',
    ({ run, child }) => spoil('RPUSH', `inbox:${run.id}`, `1\n@\n${child}`),
    ({ run }) => run.id,
  ],
  ['a root that the list lacks', 'I3', ({ waiting }) => spoil('ZREM', 'roots', waiting), ({ waiting }) => waiting],
  ['a listed root that there is not', 'I3', () => spoil('ZADD', 'roots', 0, 't_none'), () => 't_none'],
  [
    'a lost wake-up',
    'I6',
    async (all) => {
      await endChild(all);
      await spoil('LPOP', `inbox:${all.run.id}`);
    },
    ({ run }) => run.id,
  ],
  [
    'a gather that nobody decides',
    'I6',
    ({ group }) => spoil('HSET', `group:${group}`, 'decided', 1),
    ({ group }) => group,
  ],
  [
    'waiters of a task that has ended',
    'I6',
    ({ run }) => spoil('SADD', `waiters:${run.member(2, 0)}`, `${run.id}:9`),
    ({ run }) => run.member(2, 0),
  ],
  [
    'a suspended task that waits for nothing',
    'I6',
    async ({ run, waiting }) => {
      const other = await rig.claimOne(waiting);
      await other.commit({ suspended: true });
      return run;
    },
    ({ waiting }) => waiting,
  ],
  [
    'a task that outlives its root',
    'I7',
    ({ run }) => spoil('HSET', `task:${run.id}`, 'state', 'failed'),
    ({ child }) => child,
  ],
  ['totals', 'T5', () => spoil('HINCRBY', 'counts', 'pending', 1), () => 'counts'],
  ['capacity', 'D1', () => spoil('SET', 'capacity', 7), () => 'capacity'],
  ['a session that counts for what it does not serve', 'D1', () => spoil('SREM', 'serving:w1', 'leaf'), () => 'w1'],
  ['a key that nobody knows', 'I13', () => spoil('SET', 'what:ever', 1), () => 'what:ever'],
  [
    'a key of a wrong type',
    'I13',
    ({ waiting }) => spoil('SET', `logs:${waiting}`, 1),
    ({ waiting }) => `logs:${waiting}`,
  ],
  ['an inbox without a task', 'I13', () => spoil('RPUSH', 'inbox:t_none', '1\ntimer\n'), () => 'inbox:t_none'],
];

const endChild = async ({ run, child }: Scene): Promise<string> => {
  const [claimed] = await rig.claim([child]);
  await claimed?.settle(failed());
  return `${run.spawn(1).op}\n@\n${child}`;
};

describe('planted damage is named', () => {
  it.each(damages)('%s (%s)', async (_title, rule, plant, whom) => {
    const all = await scene();
    expect((await look()).violations).toEqual([]);
    await plant(all);
    const { violations } = await look();
    expect(violations.map(({ rule: broken, task }) => `${broken} ${task}`)).toContain(`${rule} ${whom(all)}`);
  });
});

describe('what only a running system owes', () => {
  const overdue: [string, string, () => Promise<unknown>, (reason: Violation) => unknown][] = [
    ['sweeps', 'swept', () => rig.advance(10_000), ({ task }) => task],
    [
      'a timer',
      'timers',
      async () => {
        await rig.advance(70_000);
        await rig.sweep().then(() => spoil('ZADD', 'timers', 1, 't_x:1'));
      },
      ({ reason }) => (/the timer was due/.test(reason) ? 'timers' : ''),
    ],
    [
      'a hint',
      'hint',
      () => spoil('ZADD', 'hinted', 1, [...waitingIds][0] ?? ''),
      ({ reason }) => (/hint is overdue/.test(reason) ? 'hint' : ''),
    ],
  ];
  const waitingIds = new Set<string>();
  it.each(overdue)('%s', async (_title, expected, late, told) => {
    waitingIds.clear();
    waitingIds.add((await scene()).waiting);
    await late();
    expect((await look(harness, 'quiet')).violations.map(told)).toContain(expected);
    expect((await look(harness, 'offline')).violations).toEqual([]);
  });
});
