/** Builds the API and the worker, as far as they have changed. */
import { join } from 'node:path';
import { Child } from './child.ts';

export async function buildApps(root: string, logs: string, say: (message: string) => void): Promise<void> {
  say('building ...');
  const args = ['run-many', '-t', 'build', '-p', '@corral/api', '@corral/worker', '--outputStyle=static'];
  const command = join(root, 'node_modules', '.bin', 'nx');
  const nx = new Child({ name: 'build', command, args, cwd: root, log: join(logs, 'build.log') });
  const how = await nx.ended;
  if (how !== 'exit code 0') throw new Error(`the build ended with ${how}. The end of ${nx.log}:\n${nx.tail(40)}`);
}
