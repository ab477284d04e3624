/**
 * Debian and Ubuntu: takes redis-server out of its packages, without root and without installing anything. The lists of
 * packages are private to the folder, so that neither `apt-get update` by root nor its age matters.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** redis-server is a link into redis-tools; the others are the libraries that it loads. */
const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

export interface RedisBinary {
  command: string;
  env: NodeJS.ProcessEnv;
}

/** Unpacks into `folder`, once. Rejects where there is no apt, no network, no such package. */
export async function redisFromDebian(folder: string, signal?: AbortSignal): Promise<RedisBinary> {
  const command = join(folder, 'usr/bin/redis-server');
  if (!existsSync(command)) await unpack(folder, signal);
  const libraries = join(folder, 'usr/lib');
  const found = existsSync(libraries) ? await readdir(libraries) : [];
  const paths = found.filter((name) => name.endsWith('-linux-gnu')).map((name) => join(libraries, name));
  return { command, env: { LD_LIBRARY_PATH: paths.join(delimiter) } };
}

async function unpack(folder: string, signal?: AbortSignal): Promise<void> {
  const scratch = `${folder}.part`;
  await rm(scratch, { recursive: true, force: true });
  for (const needed of ['state/lists/partial', 'cache/archives/partial', 'packages', 'root'])
    await mkdir(join(scratch, needed), { recursive: true });
  const settings = {
    'Dir::State': join(scratch, 'state'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': join(scratch, 'cache'),
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': '',
  };
  const options = ['-qq', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
  const limits = { timeout: 120_000, signal };
  await run('apt-get', [...options, 'update'], limits);
  await run('apt-get', [...options, 'download', ...packages], { cwd: join(scratch, 'packages'), ...limits });
  for (const file of await readdir(join(scratch, 'packages')))
    await run('dpkg', ['-x', join(scratch, 'packages', file), join(scratch, 'root')], limits);
  await rename(join(scratch, 'root'), folder);
  await rm(scratch, { recursive: true });
}
