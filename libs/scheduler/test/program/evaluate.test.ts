/** The interpreter from the inside; test/differential holds it against CPython. */
import { describe, expect, it } from 'vitest';
import { type Expression, programCoroutines } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

const [program] = programCoroutines;

async function run(expression: unknown) {
  await using cluster = await memoryCluster({ coroutines: [] });
  return await cluster.run(program({ program: expression as Expression }));
}

describe('a program', () => {
  it('spawns tasks that other workers may run', async () => {
    const view = await run({ gather: [{ sleep: 10, result: 1 }, { return: 2 }] });
    expect(view).toMatchObject({ state: 'succeeded', result: [1, 2], children: { total: 2, succeeded: 2 } });
  });

  it('is validated before any of it runs, also when it comes by no REST call', async () => {
    const view = await run({ do: [{ log: 'ran' }, { slep: 1 }] });
    expect(view).toMatchObject({ state: 'failed', error: { type: 'InvalidArgumentsError' } });
    expect(view.error?.message).toContain('/do/1');
    expect(view.error?.message).toContain('sleep');
  });

  it.each(['__proto__', 'constructor', 'toString', 'then', 'hasOwnProperty'])(
    'takes %s as a name like any other',
    async (name) => {
      expect((await run({ var: name })).error).toMatchObject({
        type: 'NameError',
        message: `name '${name}' is not defined`,
      });
      expect((await run({ let: name, be: { return: 1 }, in: { gather: [{ var: name }] } })).result).toEqual([1]);
      expect((await run({ do: [{ createTask: { return: 2 }, as: name }, { await: name }] })).result).toBe(2);
      expect((await run({ try: { raise: { type: name } }, except: [{ type: name, do: { return: 3 } }] })).result).toBe(
        3,
      );
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );
});
