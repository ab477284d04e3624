import { describe, expect } from 'vitest';
import type { TaskEvent } from '../../../src/contract/history.ts';
import type { It } from '../store-conformance.ts';
import { failed, ids, leaf, partition, succeeded } from './rig.ts';

export function committing(it: It): void {
  describe('T2 a stale token commits nothing', () => {
    it('when the token is not the current one', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const stale = { token: '1:w1:other' };
      expect(await run.commit({ ...stale, spawns: [run.spawn(1)], logs: ['"x"'], progress: '1' })).toBe('fenced');
      expect(await run.settle(succeeded(), stale)).toBe('fenced');
      expect(await rig.store.receive(partition, [{ id: run.id, known: 0, commits: 0, ...stale }])).toEqual([
        { kind: 'fenced' },
      ]);
      expect(await rig.store.records([run.child(1)])).toEqual([undefined]);
      expect(await rig.store.logs(run.id)).toEqual([]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'running', progress: undefined });
    });

    it('when another attempt has begun since', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const old = await rig.started();
      await rig.store.release(partition, 'w1', [old.id]);
      const current = await rig.claimOne(old.id, 'w2');
      expect([await old.commit(), await old.receive(), await old.settle(failed())]).toEqual(Array(3).fill('fenced'));
      expect(await current.commit()).toEqual([]);
      expect(await current.settle(succeeded(2))).toBe('settled');
      expect(await rig.record(old.id)).toMatchObject({ outcome: succeeded(2) });
    });

    it('when the same session has claimed it again', async (rig) => {
      await rig.worker();
      const old = await rig.started();
      await rig.store.release(partition, 'w1', [old.id]);
      const current = await rig.claimOne(old.id);
      expect(current.claim.token).not.toBe(old.claim.token);
      expect(await old.commit()).toBe('fenced');
      expect(await current.commit()).toEqual([]);
    });

    it('when the task waits for its next attempt', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.store.release(partition, 'w1', [run.id]);
      expect([await run.commit(), await run.receive(), await run.settle()]).toEqual(Array(3).fill('fenced'));
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending' });
    });

    it('when the task has ended', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.settle(succeeded(1));
      expect([await run.commit({ logs: ['1'] }), await run.receive()]).toEqual(['fenced', 'fenced']);
      expect(await rig.store.logs(run.id)).toEqual([]);
    });

    it('when the task is unknown', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const other = { id: rig.newRoot().id };
      expect(await run.commit(other)).toBe('fenced');
      expect(await run.settle(succeeded(), other)).toBe('fenced');
    });

    it('and does not hinder the others of its call', async (rig) => {
      await rig.worker();
      const [stale, good] = [await rig.started(), await rig.started()];
      const turns = [stale.turn({ token: '9:w1:n' }), good.turn({ logs: ['1'] })];
      const { answers } = await rig.store.commit(partition, turns);
      expect(answers.map((answer) => answer.kind)).toEqual(['fenced', 'committed']);
      const settlements = [stale.settlement(succeeded(), { token: '9:w1:n' }), good.settlement()];
      const settled = await rig.store.settle(partition, settlements);
      expect(settled.answers.map((answer) => answer.kind)).toEqual(['fenced', 'settled']);
      expect(await rig.store.logs(good.id)).toEqual([{ task: good.id, entries: ['1'] }]);
    });
  });

  describe('L1 what the coroutine was given before it was recorded', () => {
    const step = (op: number): TaskEvent => ({ kind: 'step', op, outcome: succeeded(op) });
    const cancel = (message: string): TaskEvent => ({ kind: 'cancel', message, wave: message });

    it('stands before what its worker has not heard of, and is not told again', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      for (const message of ['a', 'b']) await rig.store.cancel(partition, [{ id: run.id, message, wave: message }]);
      const fields = { events: [step(1), step(2), step(3)], early: 2 };
      expect(await run.commit(fields)).toEqual([cancel('a'), cancel('b'), step(3)]);
      expect((await rig.record(run.id)).state).toBe('running');
      await rig.store.release(partition, 'w1', [run.id]);
      const again = await rig.claimOne(run.id);
      expect(again.claim.events).toEqual([step(1), step(2), cancel('a'), cancel('b'), step(3)]);
    });

    it('stands behind what it has heard of', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.store.cancel(partition, [{ id: run.id, message: 'a', wave: 'a' }]);
      expect(await run.receive()).toEqual([cancel('a')]);
      await rig.store.cancel(partition, [{ id: run.id, message: 'b', wave: 'b' }]);
      expect(await run.commit({ events: [step(1)], early: 1 })).toEqual([cancel('b')]);
      await rig.store.release(partition, 'w1', [run.id]);
      expect((await rig.claimOne(run.id)).claim.events).toEqual([cancel('a'), step(1), cancel('b')]);
    });

    it('is no news: the task suspends', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      expect(await run.commit({ events: [step(1)], early: 1 })).toEqual([]);
      expect((await rig.record(run.id)).state).toBe('suspended');
      expect(
        await rig.store.receive(partition, [{ id: run.id, token: run.claim.token, known: 1, commits: 1 }]),
      ).toEqual([{ kind: 'committed', events: [] }]);
    });

    it('is recorded once when the call is sent again (rule 3)', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.store.cancel(partition, [{ id: run.id, message: 'a', wave: 'a' }]);
      const turn = run.turn({ events: [step(1)], early: 1 });
      for (let times = 0; times < 2; times++) {
        const { answers } = await rig.store.commit(partition, [turn]);
        expect(answers).toEqual([{ kind: 'committed', events: [cancel('a')] }]);
      }
    });
  });

  describe('Committing', () => {
    it('keeps the history for the next attempt, in order', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ history: 'one' });
      await run.commit({ history: undefined, logs: ['1', '2'] });
      await run.commit({ history: '["two\\n"]' });
      await rig.store.release(partition, 'w1', [run.id]);
      const { claim } = await rig.claimOne(run.id);
      expect(claim).toMatchObject({ history: ['one', '["two\\n"]'], commits: 3, logged: 2 });
    });

    it('goes on counting turns in the next attempt', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ history: 'one' });
      await rig.store.release(partition, 'w1', [run.id]);
      const next = await rig.claimOne(run.id);
      expect(await next.commit({ history: 'two' })).toEqual([]);
      await rig.store.release(partition, 'w1', [run.id]);
      expect((await rig.claimOne(run.id)).claim).toMatchObject({ history: ['one', 'two'], commits: 2 });
    });

    it('is applied once when it is sent twice', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const step: TaskEvent = { kind: 'step', op: 3, outcome: succeeded('s') };
      const turn = run.turn({
        history: 'h',
        spawns: [run.spawn(1)],
        groups: [run.group(2, [])],
        timers: [{ op: 4, ms: 10 }],
        events: [step, { kind: 'timer', op: 4 }],
        logs: ['"l"'],
      });
      const first = await rig.store.commit(partition, [turn]);
      const second = await rig.store.commit(partition, [turn]);
      expect(first.answers).toEqual([
        { kind: 'committed', events: [{ kind: 'group', op: 2, failed: undefined }, step, { kind: 'timer', op: 4 }] },
      ]);
      expect(second).toMatchObject({ answers: first.answers, hints: [] });
      expect(await rig.store.logs(run.id)).toEqual([{ task: run.id, entries: ['"l"'] }]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 1, pending: 1 });
      await rig.store.release(partition, 'w1', [run.id]);
      expect((await rig.claimOne(run.id)).claim).toMatchObject({ history: ['h'], commits: 1 });
    });

    it('answers what came meanwhile when it is sent twice', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const turn = run.turn({ spawns: [run.spawn(1)] });
      await rig.store.commit(partition, [turn]);
      await (await rig.claimOne(run.child(1))).settle(succeeded(5));
      const { answers } = await rig.store.commit(partition, [turn]);
      const event = { kind: 'settled', op: 1, outcome: succeeded(5) };
      expect(answers).toEqual([{ kind: 'committed', events: [event] }]);
    });

    it('takes several turns of one task in a call', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const turns = [run.turn({ history: 'a', logs: ['1'] }), run.turn({ history: 'b', logs: ['2'] })];
      const { answers } = await rig.store.commit(partition, turns);
      expect(answers.map((answer) => answer.kind)).toEqual(['committed', 'committed']);
      expect(await rig.store.logs(run.id)).toEqual([{ task: run.id, entries: ['1', '2'] }]);
    });

    it('says that the store is behind when a turn before it is missing, and changes nothing', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const seq = run.claim.commits + 2;
      const { answers } = await rig.store.commit(partition, [run.turn({ seq, history: 'h', spawns: [run.spawn(1)] })]);
      expect(answers).toEqual([{ kind: 'behind' }]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'running', children: { total: 0 } });
      await rig.store.release(partition, 'w1', [run.id]);
      expect((await rig.claimOne(run.id)).claim).toMatchObject({ attempt: 1, history: [], commits: 0 });
    });

    it('says that the store is behind when the worker has had more events than there are', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const known = 1;
      const { answers } = await rig.store.commit(partition, [run.turn({ known, spawns: [run.spawn(1)] })]);
      expect(answers).toEqual([{ kind: 'behind' }]);
      const asked = [{ id: run.id, token: run.claim.token, known, commits: 0 }];
      expect(await rig.store.receive(partition, asked)).toEqual([{ kind: 'behind' }]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'running', children: { total: 0 } });
    });

    it('says that the store is behind when a turn that it has acknowledged is gone', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const members = [leaf, leaf];
      expect(await run.commit({ groups: [run.group(1, members)] })).toEqual([]);
      const member = await rig.claimOne(run.member(1, 0));
      const asked = (commits: number) =>
        [run, member].map(({ id, claim }) => ({ id, token: claim.token, known: 0, commits }));
      const has = { kind: 'committed', events: [] };
      const lacks = { kind: 'behind' };
      expect(await rig.store.receive(partition, asked(0))).toEqual([has, has]);
      expect(await rig.store.receive(partition, asked(1))).toEqual([has, lacks]);
      expect(await rig.store.receive(partition, asked(2))).toEqual([lacks, lacks]);
    });

    it('answers only the events that the worker has not got', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const step = (op: number): TaskEvent => ({ kind: 'step', op, outcome: failed(`line 1\nline 2 ü ${op}`) });
      expect(await run.commit({ events: [step(1), step(2)] })).toEqual([step(1), step(2)]);
      expect(await run.commit({ events: [step(3)] })).toEqual([step(3)]);
      expect(await run.receive()).toEqual([]);
    });

    it('says whether the task computes or waits', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const state = async () => (await rig.record(run.id)).state;
      await run.commit({ suspended: true });
      const waiting = await state();
      await run.commit({ suspended: false });
      expect([waiting, await state()]).toEqual(['suspended', 'running']);
    });

    it('does not suspend a task that has news', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, [])], suspended: true });
      const withNews = (await rig.record(run.id)).state;
      await run.commit({ suspended: true });
      expect([withNews, (await rig.record(run.id)).state]).toEqual(['running', 'suspended']);
    });

    it('keeps the last progress and all logs', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ progress: '{"done":1}', logs: ['"a"'] });
      await run.commit({ progress: '{"done":2}', logs: ['[]', '{"b":"ü\\n"}'] });
      await run.commit();
      expect((await rig.record(run.id)).progress).toBe('{"done":2}');
      expect(await rig.store.logs(run.id)).toEqual([{ task: run.id, entries: ['"a"', '[]', '{"b":"ü\\n"}'] }]);
    });
  });

  describe('Spawning', () => {
    it('makes pending children and hints them', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1, { options: '{"priority":2}' }), run.spawn(4)] });
      expect(run.hints).toEqual([
        { id: run.child(1), priority: 2 },
        { id: run.child(4), priority: 0 },
      ]);
      expect(await rig.record(run.child(4))).toMatchObject({ state: 'pending', parent: run.id, coroutine: 'leaf' });
      expect((await rig.record(run.id)).children).toMatchObject({ total: 2, pending: 2 });
    });

    it('takes hundreds at once', async (rig) => {
      await rig.worker('w1', { slots: 1_000 });
      const run = await rig.started();
      await run.commit({ spawns: Array.from({ length: 500 }, (_, op) => run.spawn(op)) });
      const hinted = [...run.hints, ...(await rig.sweep()).hints, ...(await rig.sweep()).hints];
      expect(new Set(ids(hinted)).size).toBe(500);
    });

    it('never starts a child that is cancelled in the same turn', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const cancels = [{ id: run.child(1), message: 'never mind' }];
      const outcome = { state: 'cancelled', payload: '{"type":"CancelledError","message":"never mind"}' };
      expect(await run.commit({ spawns: [run.spawn(1)], cancels })).toEqual([{ kind: 'settled', op: 1, outcome }]);
      expect(run.hints).toEqual([]);
      expect(await rig.record(run.child(1))).toMatchObject({ state: 'cancelled', attempt: 0, startedAt: undefined });
    });
  });

  describe('Own timers', () => {
    it('end by an event of the task itself, once', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const timer: TaskEvent = { kind: 'timer', op: 1 };
      await run.commit({ timers: [{ op: 1, ms: 500 }] });
      expect(await run.commit({ events: [timer, timer] })).toEqual([timer]);
      await rig.advance(1_000);
      expect(await rig.sweep()).toMatchObject({ timers: 0 });
      expect(await run.receive()).toEqual([]);
    });

    it('that the sweep has fired are not fired again by the task', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const timer: TaskEvent = { kind: 'timer', op: 1 };
      await run.commit({ timers: [{ op: 1, ms: 500 }] });
      await rig.advance(600);
      await rig.sweep();
      expect(await run.commit({ events: [timer] })).toEqual([timer]);
      expect(await run.receive()).toEqual([]);
    });

    it('that were cleared do not fire', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({
        timers: [
          { op: 1, ms: 500 },
          { op: 2, ms: 500 },
        ],
      });
      expect(await run.commit({ clearTimers: [1], events: [{ kind: 'timer', op: 1 }] })).toEqual([]);
      await rig.advance(600);
      await rig.sweep();
      expect(await run.receive()).toEqual([{ kind: 'timer', op: 2 }]);
    });
  });
}
