/** A Redis on a copy of another one's data, which is not touched; gone with all it wrote when it is stopped. */
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { localRedis } from './local-redis.ts';

export interface CopiedRedis {
  url: string;
  stop(): Promise<void>;
}

/** `path`: the folder of a Redis (appendonlydir or dump.rdb in it), an .rdb file, or an .aof file of before Redis 7. */
export async function redisOfCopy(path: string, say: (message: string) => void): Promise<CopiedRedis> {
  const home = await mkdtemp(join(tmpdir(), 'corral-copy-'));
  const remove = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    const persist = await copyData(path, join(home, 'redis'));
    const redis = await localRedis({ home, persist, say });
    const stop = async (): Promise<void> => {
      await redis.stop();
      await remove();
    };
    return { url: redis.url, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Answers whether the copy is an append-only file. */
async function copyData(path: string, data: string): Promise<boolean> {
  await mkdir(data, { recursive: true });
  if (!(await stat(path)).isDirectory()) {
    const isLog = path.endsWith('.aof');
    if (!isLog && !path.endsWith('.rdb'))
      throw new Error(`${basename(path)}: expected an .aof or .rdb file, or a folder`);
    await cp(path, join(data, isLog ? 'appendonly.aof' : 'dump.rdb'));
    return isLog;
  }
  const found: string[] = [];
  for (const name of ['appendonlydir', 'appendonly.aof', 'dump.rdb'])
    if (await stat(join(path, name)).catch(() => undefined)) {
      await cp(join(path, name), join(data, name), { recursive: true });
      found.push(name);
    }
  if (found.length === 0) throw new Error(`${path} holds neither appendonlydir nor dump.rdb`);
  return found[0] !== 'dump.rdb';
}
