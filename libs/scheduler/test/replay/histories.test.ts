/** Histories that were recorded once are replayed by every version after: what is on its way survives an update. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { coroutine, type Loop, NonDeterminismError, type RecordedHistory } from '../../src/index.ts';
import { memoryCluster, replayHistory } from '../../src/testing/index.ts';
import { fails, nap, stories } from './stories.ts';

const folder = new URL('../../../../test/histories/', import.meta.url);
const recorded = (name: string): RecordedHistory =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as RecordedHistory;
const story = (name: string) => stories.find((each) => each.coroutineName === name) ?? nap;

describe('recorded histories', () => {
  it('there is one for each story, and a story for each', () => {
    const files = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));
    expect(files.sort()).toEqual(stories.map(({ coroutineName }) => coroutineName).sort());
  });

  it.each(stories.map(({ coroutineName }) => coroutineName))('%s ends as it ended', async (name) => {
    const history = recorded(name);
    const { state, operations } = await replayHistory(story(name), history);
    expect(state).toBe(history.state);
    expect(operations).toBeGreaterThanOrEqual(history.steps.filter((step) => 'start' in step).length);
  });

  it.each(stories.map(({ coroutineName }) => coroutineName))('%s does now what it did then', async (name) => {
    await using cluster = await memoryCluster({ coroutines: [...stories, nap, fails] });
    const { id } = await cluster.client.submit(name, {});
    await new Promise<void>((resolve) => cluster.clock.setTimer(2000, resolve));
    await cluster.client.cancel(id, 'time to go');
    await cluster.client.wait(id, 60_000);
    const starts = ({ steps }: RecordedHistory) => steps.flatMap((step) => ('start' in step ? [step.start] : []));
    expect(starts((await cluster.client.history(id)) as RecordedHistory)).toEqual(starts(recorded(name)));
  });
});

describe('replayHistory', () => {
  const history = recorded('branches');

  it('tells another operation on one screen: expected, actual and where it is', async () => {
    const changed = coroutine('branches', async (loop: Loop) => {
      await Promise.all([loop.sleep(10), loop.createTask(nap({ ms: 1 }))]);
    });
    const error = await replayHistory(changed, history).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NonDeterminismError);
    const { message } = error as Error;
    expect(message).toMatch(/expected: sleep\(15\), after sleep\(10\)/);
    expect(message).toMatch(/actual: {3}createTask\(nap\), begun at .*histories\.test\.ts:\d+/);
    expect(message).toMatch(/Usual causes: .*\nThe fix: /);
    expect(message.split('\n').length).toBeLessThan(24);
  });

  it('tells an operation that is missing, and an end that is another', async () => {
    const silent = coroutine('branches', async () => []);
    await expect(replayHistory(silent, history)).rejects.toThrow(/ended as succeeded \[\] after 0 operations/);
    const other = coroutine('branches', async (loop: Loop) => {
      await (story('branches').run as (loop: Loop) => Promise<unknown>)(loop);
      return 'else';
    });
    await expect(replayHistory(other, history)).rejects.toThrow(/ended as succeeded "else"/);
  });

  it('ends suspended where the history ends', async () => {
    const begun: RecordedHistory = { ...history, steps: history.steps.slice(0, 2), state: 'suspended' };
    delete begun.outcome;
    expect(await replayHistory(story('branches'), begun)).toEqual({ state: 'suspended', operations: 2 });
  });

  it('runs no side effect of a step that was recorded', async () => {
    let runs = 0;
    const again = coroutine('steps', async (loop: Loop) => {
      const made = await loop.step('make', () => ({ n: ++runs }));
      try {
        await loop.step('break', () => ++runs);
      } catch (error) {
        return [made.n + 1, (error as Error).name];
      }
      return 'no error';
    });
    expect(await replayHistory(again, recorded('steps'))).toMatchObject({
      state: 'succeeded',
      result: [42, 'TypeError'],
    });
    expect(runs).toBe(0);
  });

  it('refuses a history of another coroutine or version', async () => {
    await expect(replayHistory(nap, history)).rejects.toThrow('history: it is of branches, not of nap');
    const future = { ...history, version: 2 } as unknown as RecordedHistory;
    await expect(replayHistory(story('branches'), future)).rejects.toThrow('history: version 2 is not 1');
  });
});
