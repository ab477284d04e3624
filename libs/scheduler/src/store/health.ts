/** Whether Redis is one that the promises can be kept on, in words for an operator. */
import type { StoreHealth } from '../contract/views.ts';
import type { RedisConnection } from './redis-connection.ts';
import { redisError } from './redis-error.ts';

const oldest = [7, 0] as const;

export async function checkHealth(connection: RedisConnection): Promise<StoreHealth> {
  let info: string;
  try {
    info = await connection.redis.info();
  } catch (error) {
    return { ok: false, reasons: [redisError(error).message], version: '' };
  }
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('redis_version');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const reasons: string[] = [];
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
    reasons.push(`Redis ${version} is too old: ${oldest.join('.')} or newer is needed`);
  if (field('maxmemory_policy') !== 'noeviction')
    reasons.push(`maxmemory-policy is ${field('maxmemory_policy')}: set it to noeviction, or Redis drops tasks`);
  if (field('role') === 'slave') reasons.push('this Redis is a replica: connect to the primary');
  if (field('loading') === '1') reasons.push('Redis is still loading its data');
  return { ok: reasons.length === 0, reasons, version };
}
