/** What lies between the processes: cut, slow, half-open, one-way, leading to another Redis. F19 to F21, F26. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@corral/scheduler';
import { expect } from 'vitest';
import { prefix } from './harness/arena.ts';
import { numbers, startsIn } from './harness/count.ts';
import { RedisServer } from './harness/redis-server.ts';
import { before, inFlight, recovery, repeated } from './harness/repeats.ts';
import { row } from './harness/row.ts';
import { TcpProxy } from './harness/tcp-proxy.ts';

row('F19', 'connections are cut at random bytes, then slow by 200 ms', { workers: 1 }, async (arena, findings) => {
  const proxy = await TcpProxy.start(arena.redis.port);
  try {
    await arena.addWorker('cut', { REDIS_URL: proxy.url });
    const id = await arena.submit('effects', { count: 2_000, ms: 100 });
    await arena.ledger.until((entries) => startsIn(entries) > 50);
    findings.open(await arena.openShare(id));
    for (let round = 0; round < 20; round++) {
      proxy.cutAfter(1 + ((round * 7_919) % 4_000));
      await sleep(250);
    }
    findings.proven(`${proxy.cuts} connections cut in the middle of ${proxy.passed} bytes`, proxy.cuts >= 10);
    proxy.delayMs = 200;
    expect((await arena.settled(id, 120_000)).result).toEqual(numbers(2_000));
    expect(repeated(await arena.ledger.starts()), 'a command that was sent twice had two effects').toEqual([]);
  } finally {
    await proxy.close();
  }
});

const run = (command: string): void => {
  execFileSync('/bin/sh', ['-c', command], { stdio: 'ignore' });
};

for (const [id, title, rules] of [
  [
    'F20',
    'one worker is cut off for 15 s, both ways',
    (port: number) => [`INPUT -i cv0 -p tcp --dport ${port}`, `OUTPUT -o cv0 -p tcp --sport ${port}`],
  ],
  ['F21', 'what one worker sends to Redis is lost for 15 s', (port: number) => [`INPUT -i cv0 -p tcp --dport ${port}`]],
] as const)
  row(
    id,
    title,
    { workers: 1, slots: 12, redis: { bind: '0.0.0.0', 'protected-mode': 'no' }, needs: ['root', 'netns'] },
    async (arena, findings) => {
      const clean = (): void => run('ip netns del corral-faults 2>/dev/null; ip link del cv0 2>/dev/null; true');
      const chains = rules(arena.redis.port);
      clean();
      try {
        run(
          'ip netns add corral-faults && ip link add cv0 type veth peer name cv1 netns corral-faults && ' +
            'ip addr add 10.213.77.1/24 dev cv0 && ip link set cv0 up && ' +
            'ip netns exec corral-faults ip addr add 10.213.77.2/24 dev cv1 && ' +
            'ip netns exec corral-faults ip link set cv1 up && ip netns exec corral-faults ip link set lo up',
        );
        const env = {
          REDIS_URL: `redis://10.213.77.1:${arena.redis.port}`,
          LEDGER_URL: arena.ledgerUrl.replace('127.0.0.1', '10.213.77.1'),
          HOST: '10.213.77.2',
        };
        const cut = await arena.addWorker('cut', env, ['ip', 'netns', 'exec', 'corral-faults']);
        const work = await arena.submit('longs', { count: 10, ms: 12_000 });
        await arena.ledger.until((entries) => startsIn(entries) === 10);
        findings.open(await arena.openShare(work));
        const begun = new Set((await arena.ledger.read()).map(({ pid }) => pid));
        begun.delete(arena.workers[0]?.pid ?? 0);
        await arena.addWorker('spare'); // has room for what the other loses
        const at = Date.now();
        for (const chain of chains) run(`iptables -I ${chain} -j DROP`);
        await sleep(15_000);
        const dropped = execFileSync('iptables', ['-L', 'INPUT', '-v', '-n', '-x'], { encoding: 'utf8' });
        const packets = Number(/^\s*(\d+).*DROP.*cv0/m.exec(dropped)?.[1] ?? 0);
        findings.proven(`${packets} packets dropped`, packets > 0);
        for (const chain of chains) run(`iptables -D ${chain} -j DROP`);
        expect((await arena.settled(work, 90_000)).result).toEqual(numbers(10));
        const entries = await arena.ledger.read();
        const hit = inFlight(before(entries, at), begun, new Set([work]));
        findings.took('others', recovery(entries, at, hit).lastMs, 6_000);
        expect(cut.child.running, 'the worker lives on').toBe(true);
      } finally {
        for (const chain of chains) run(`iptables -D ${chain} -j DROP 2>/dev/null; true`);
        clean();
      }
    },
  );

row(
  'F26',
  'failover: the replica is promoted, the old primary refuses writes',
  { workers: 0 },
  async (arena, findings) => {
    const replica = await RedisServer.start(join(arena.home, 'replica'), {
      replicaof: `127.0.0.1 ${arena.redis.port}`,
    });
    const proxy = await TcpProxy.start(arena.redis.port);
    arena.ends.push(
      () => proxy.close(),
      () => replica.kill(),
    );
    await Promise.all(['a', 'b'].map((name) => arena.addWorker(name, { REDIS_URL: proxy.url })));
    const id = await arena.submit('effects', { count: 3_000, ms: 200 });
    await arena.ledger.until((entries) => startsIn(entries) > 200);
    findings.open(await arena.openShare(id));
    const inStep = async (): Promise<boolean> =>
      (await replica.ask((redis) => redis.info('replication'))).includes('master_link_status:up');
    for (const deadline = Date.now() + 30_000; !(await inStep()) && Date.now() < deadline; ) await sleep(100);
    await replica.ask((redis) => redis.replicaof('NO', 'ONE'));
    proxy.target = replica.port;
    arena.storeUrl = replica.url;
    await arena.redis.ask((redis) => redis.replicaof('127.0.0.1', replica.port));
    const refused = await arena.redis.ask((redis) => redis.set('x', 1).catch((error: Error) => error.message));
    findings.proven(`the old primary says ${String(refused).slice(0, 8)}`, String(refused).startsWith('READONLY'));
    const began = Date.now();
    await arena.ledger.until((entries) => entries.some(({ event, at }) => event === 'start' && at > began + 500));
    findings.took('work goes on', Date.now() - began, 5_000);
    const promoted = await connect({ url: proxy.url, prefix });
    const view = await promoted.client.wait(id, 120_000);
    await promoted.close();
    expect(view?.result).toEqual(numbers(3_000));
  },
);
