/**
 * Loads folders in a process of its own, as a worker does, and prints what came of it. It runs what was built, because
 * Node itself resolves the modules. stdin: one JSON object for each load, the files to write before it by path.
 */
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { coroutine } from '@corral/scheduler';

const built = new URL('../dist/coroutine-loader.js', import.meta.url).href;
const { CoroutineLoader, CoroutineLoadError } = (await import(built)) as typeof import('../src/coroutine-loader.ts');

const shipped = [coroutine('shipped', () => 'shipped'), coroutine('main', () => 'shipped')];
const loader = new CoroutineLoader(process.argv.slice(2), shipped, '1.0.0');
for (const changes of JSON.parse(await text(process.stdin)) as Record<string, string>[]) {
  for (const [path, source] of Object.entries(changes)) writeFileSync(path, source);
  console.log(JSON.stringify(await load()));
}

async function load(): Promise<unknown> {
  try {
    const { coroutines, codeVersions, warnings } = await loader.load();
    const results: Record<string, unknown> = {};
    for (const fn of coroutines) results[fn.coroutineName] = await fn.run(undefined as never, undefined);
    return { results, versions: Object.fromEntries(codeVersions), warnings };
  } catch (error) {
    if (!(error instanceof CoroutineLoadError)) throw error;
    return { problem: error.message };
  }
}
