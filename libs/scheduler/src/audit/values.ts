/** Values of keys, page by page, so that it holds nobody up: of lists and hashes the beginnings. */
import type { RedisConnection } from '../store/redis-connection.ts';

export type Ask = <T>(command: (redis: RedisConnection['redis']) => Promise<T>) => Promise<T>;
export type Page = [cursor: string, keys: string[]];

const headsAtOnce = 100;
const entriesAtOnce = '200';
/** The beginning of a list's entries: enough for every id, and never a result of a megabyte. */
const headLength = 120;
const headsOfList = `
local heads = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
for i = 1, #heads do heads[i] = string.sub(heads[i], 1, tonumber(ARGV[3])) end
return heads`;
const headsOfHash = `
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 200)
for i = 2, #page[2], 2 do page[2][i] = string.sub(page[2][i], 1, tonumber(ARGV[2])) end
return page`;

export async function readTotals(ask: Ask, key: string): Promise<Map<string, number>> {
  const row = await ask((redis) => redis.hgetall(key));
  return new Map(Object.entries(row).map(([name, value]) => [name, Number(value)]));
}

export async function readHeads(ask: Ask, key: string): Promise<string[]> {
  const heads: string[] = [];
  for (;;) {
    const from = heads.length;
    const page = (await ask((redis) =>
      redis.eval(headsOfList, 1, key, from, from + headsAtOnce - 1, headLength),
    )) as string[];
    heads.push(...page);
    if (page.length < headsAtOnce) return heads;
  }
}

export async function readHeadsOfFields(ask: Ask, key: string): Promise<Map<string, string>> {
  const heads = new Map<string, string>();
  for (let cursor = '0'; ; ) {
    const [next, page] = (await ask((redis) => redis.eval(headsOfHash, 1, key, cursor, headLength))) as Page;
    for (let i = 0; i < page.length; i += 2) heads.set(page[i] as string, page[i + 1] as string);
    cursor = next;
    if (cursor === '0') return heads;
  }
}

export async function readSet(ask: Ask, key: string): Promise<Set<string>> {
  const members = new Set<string>();
  for (let cursor = '0'; ; ) {
    const [next, page] = await ask((redis) => redis.sscan(key, cursor, 'COUNT', entriesAtOnce));
    for (const member of page) members.add(member);
    cursor = next;
    if (cursor === '0') return members;
  }
}

export async function readScores(ask: Ask, key: string): Promise<Map<string, number>> {
  const scores = new Map<string, number>();
  for (let cursor = '0'; ; ) {
    const [next, page] = await ask((redis) => redis.zscan(key, cursor, 'COUNT', entriesAtOnce));
    for (let i = 0; i < page.length; i += 2) scores.set(page[i] as string, Number(page[i + 1]));
    cursor = next;
    if (cursor === '0') return scores;
  }
}
