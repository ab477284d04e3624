/** The Docker of this machine, if there is one, by its command line. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export const hasDocker = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 }).status === 0;

export const docker = (...args: string[]): string =>
  execFileSync('docker', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** `docker compose`, or the older program with a name of its own. */
export const composeCommand: readonly string[] | undefined = [['docker', 'compose'], ['docker-compose']].find(
  ([command = '', ...args]) => spawnSync(command, [...args, 'version'], { stdio: 'ignore' }).status === 0,
);

/** CORRAL_TEST_IMAGE names one that is there already. */
const given = process.env['CORRAL_TEST_IMAGE'];
export const image = given ?? 'corral:test';

/** Builds the image of api and worker from this tree. */
export function buildImage(): void {
  if (given !== undefined) return;
  docker('build', '--network', 'host', '-q', '-f', 'deploy/Dockerfile', '-t', image, '.');
}
