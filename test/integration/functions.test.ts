/** Scripts are functions that Redis keeps: who loads them, and what happens when it has lost them. */
import { connect } from '@corral/scheduler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptNames } from '../../libs/scheduler/src/store/scripts.ts';
import { hasRedisServer, OwnRedis } from './own-redis.ts';

describe.skipIf(!hasRedisServer)('without redis-server on the PATH these are skipped', () => {
  let redis: OwnRedis;
  beforeEach(async () => {
    redis = await OwnRedis.begin();
  });
  afterEach(() => redis.close());

  const libraries = async (): Promise<string[]> =>
    ((await redis.tell('FUNCTION', 'LIST')) as string[][]).map((entry) => entry[1] ?? '');

  it('each is there once when processes have started, however many at the same moment', async () => {
    const connections = await Promise.all([1, 2, 3].map(() => connect({ url: redis.url })));
    const names = (await libraries()).map((name) => name.replace(/^corral_(.*)_[0-9a-f]{16}$/, '$1'));
    expect(names.sort()).toEqual(scriptNames.map((name) => name.replaceAll('-', '_')).sort());
    await Promise.all(connections.map((connection) => connection.close()));
  });

  it('the call that misses one loads it, and many calls at once do', async () => {
    const connection = await connect({ url: redis.url });
    await redis.tell('FUNCTION', 'FLUSH');
    expect(await libraries()).toEqual([]);
    const tasks = await Promise.all([1, 2, 3].map((n) => connection.client.submit('any', { n })));
    for (const { id } of tasks) expect(await connection.client.get(id)).toMatchObject({ id, state: 'pending' });
    expect((await libraries()).length).toBeGreaterThan(0);
    await connection.close();
  });

  it('a process that may not load them does not start, and says so', async () => {
    await redis.tell('ACL', 'SETUSER', 'no-functions', 'on', '>secret', '~*', '&*', '+@all', '-function');
    const url = redis.url.replace('redis://', 'redis://no-functions:secret@');
    await expect(connect({ url })).rejects.toThrow(/no permissions to run the 'function/);
  });
});
