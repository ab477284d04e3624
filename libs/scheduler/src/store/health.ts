/** Whether Redis is one that the promises can be kept on, in words for an operator. */
import type { StoreHealth } from '../contract/views.ts';
import type { RedisConnection } from './redis-connection.ts';

const oldest = [7, 0] as const;
const slots = 16_384;

export async function checkHealth(connection: RedisConnection): Promise<StoreHealth> {
  try {
    const healths = await connection.askPrimaries(async (redis, node) => {
      const parts = [redis.info(), ...(node === undefined ? [] : [redis.cluster('INFO')])];
      return healthOf((await Promise.all(parts)).join('\n'), node);
    });
    return healths.reduce(together);
  } catch (error) {
    return { ok: false, reasons: [(error as Error).message], unfit: [], warnings: [], version: '' };
  }
}

/** The primaries of a Redis Cluster: each must be fit. */
function together(one: StoreHealth, other: StoreHealth): StoreHealth {
  return {
    ok: one.ok && other.ok,
    reasons: [...one.reasons, ...other.reasons],
    unfit: [...one.unfit, ...other.unfit],
    warnings: [...one.warnings, ...other.warnings],
    version: one.version,
  };
}

/** `info`: what Redis answers to INFO. `node`: which one of a Redis Cluster it is, which answers to CLUSTER INFO, too. */
function healthOf(info: string, node: string | undefined): StoreHealth {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('redis_version');
  const unfit = unfitness(version, field);
  if (node === undefined && field('cluster_enabled') === '1')
    unfit.push('this Redis is one node of a Redis Cluster: begin its URL with redis+cluster://');
  const reasons = [...unfit, ...troubles(field)];
  const warnings = [];
  if (field('aof_enabled') === '0')
    warnings.push('appendonly is off: what Redis has acknowledged is lost when its process ends; set appendonly yes');
  const named = (texts: string[]): string[] => (node === undefined ? texts : texts.map((text) => `${node}: ${text}`));
  return { ok: reasons.length === 0, reasons: named(reasons), unfit: named(unfit), warnings: named(warnings), version };
}

/** Nothing of this passes by itself. */
function unfitness(version: string, field: (name: string) => string): string[] {
  const unfit: string[] = [];
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
    unfit.push(`Redis ${version} is too old: ${oldest.join('.')} or newer is needed`);
  if (field('maxmemory_policy') !== 'noeviction')
    unfit.push(`maxmemory-policy is ${field('maxmemory_policy')}: set it to noeviction, or Redis drops tasks`);
  if (field('role') === 'slave') unfit.push('this Redis is a replica: connect to the primary');
  return unfit;
}

function troubles(field: (name: string) => string): string[] {
  const found: string[] = [];
  const [used, most] = [Number(field('used_memory')), Number(field('maxmemory'))];
  const served = field('cluster_slots_ok');
  if (served !== '' && Number(served) < slots)
    found.push(`${slots - Number(served)} of ${slots} slots of the Redis Cluster have no node that answers`);
  if (field('loading') === '1') found.push('Redis is still loading its data');
  if (most > 0 && used >= most)
    found.push(`Redis is full: it uses ${used} bytes and may use ${most} (maxmemory); no new task is accepted`);
  if (field('aof_last_write_status') === 'err')
    found.push('Redis cannot write its append-only file: is the disk full?');
  if (field('rdb_last_bgsave_status') === 'err') found.push('Redis cannot save its data: is the disk full?');
  return found;
}
