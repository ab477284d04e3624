/** What all processes of a cluster must agree on before one of them begins. */
import { randomBytes } from 'node:crypto';
import { connect } from '@corral/scheduler';
import { Redis } from 'ioredis';
import { afterAll, expect, inject, it } from 'vitest';

const url = inject('redisUrl');
const redis = new Redis(url);
const newPrefix = (): string => `test-${randomBytes(6).toString('hex')}`;
afterAll(() => redis.quit());

it('the number of queues', async () => {
  const prefix = newPrefix();
  await (await connect({ url, prefix, queues: 2 })).close();
  await expect(connect({ url, prefix, queues: 3 })).rejects.toThrow(/CORRAL_QUEUES is 3 here, .* was set up with 2$/);
  await (await connect({ url, prefix, queues: 2 })).close();
});

it('the format of the data: what a newer version has written is not touched', async () => {
  const prefix = newPrefix();
  await (await connect({ url, prefix })).close();
  const known = Number(await redis.get(`{${prefix}}:format`));
  expect(known).toBeGreaterThan(0);
  await redis.set(`{${prefix}}:format`, known + 1);
  await expect(connect({ url, prefix })).rejects.toThrow(
    `was used by a newer version of Corral: its data has format ${known + 1}, and this version knows ${known}`,
  );
  expect(await redis.get(`{${prefix}}:format`)).toBe(String(known + 1));
});

it('the format of the data: what an older version has written is taken over', async () => {
  const prefix = newPrefix();
  await (await connect({ url, prefix })).close();
  const known = await redis.get(`{${prefix}}:format`);
  await redis.set(`{${prefix}}:format`, Number(known) - 1);
  await (await connect({ url, prefix })).close();
  expect(await redis.get(`{${prefix}}:format`)).toBe(known);
});
