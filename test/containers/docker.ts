/** The Docker of this machine, if there is one, by its command line. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

const succeeds = (command: string, args: readonly string[], timeout = 20_000): boolean =>
  spawnSync(command, args, { stdio: 'ignore', timeout }).status === 0;

/** CORRAL_TEST_IMAGE names one that is there already. */
const given = process.env['CORRAL_TEST_IMAGE'];
export const image = given ?? 'corral:test';

const images = { redis: 'redis:7-bookworm', prometheus: 'prom/prometheus:v3.5.0', node: 'node:24-bookworm-slim' };
export const redisImage = images.redis;

/** Why there can be no containers here; undefined when there can. An engine without a registry has no images to run. */
export const noContainers: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (!succeeds('docker', ['info'])) return 'no Docker engine answers';
  const missing = Object.values(images).find(
    (name) => !succeeds('docker', ['image', 'inspect', name]) && !succeeds('docker', ['pull', '-q', name], 300_000),
  );
  return missing && `${missing} is not here and cannot be pulled`;
}

export const docker = (...args: string[]): string =>
  execFileSync('docker', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** `docker compose`, or the older program with a name of its own. */
export const composeCommand: readonly string[] | undefined = [['docker', 'compose'], ['docker-compose']].find(
  ([command = '', ...args]) => succeeds(command, [...args, 'version']),
);

/** Builds the image of api and worker from this tree. */
export function buildImage(): void {
  if (given !== undefined) return;
  docker('build', '--network', 'host', '-q', '-f', 'deploy/Dockerfile', '-t', image, '.');
}
