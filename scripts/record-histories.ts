/** Records the histories that every test run replays: `npm run record:histories`. Only for what has none yet. */
import { existsSync, writeFileSync } from 'node:fs';
import { memoryCluster } from '@corral/scheduler/testing';
import { fails, nap, stories } from '../libs/scheduler/test/replay/stories.ts';

for (const story of stories) {
  const file = new URL(`../test/histories/${story.coroutineName}.json`, import.meta.url);
  if (existsSync(file)) continue;
  await using cluster = await memoryCluster({ coroutines: [...stories, nap, fails] });
  const { client, clock } = cluster;
  const { id } = await client.submit(story.coroutineName, {}, { name: 'recorded' });
  await new Promise<void>((resolve) => clock.setTimer(2000, resolve));
  await client.cancel(id, 'time to go');
  await client.wait(id, 60_000);
  writeFileSync(file, `${JSON.stringify(withoutStacks(await client.history(id)), null, 2)}\n`);
  console.log(`recorded ${story.coroutineName}`);
}

/** Stacks tell where the recording machine keeps its files, and nothing that a replay needs. */
function withoutStacks(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, each: unknown) => {
    if (key === 'stack') return undefined;
    if (key !== 'payload' || typeof each !== 'string') return each;
    return JSON.stringify(withoutStacks(JSON.parse(each)));
  });
}
