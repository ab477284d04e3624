/**
 * One row of the fault matrix as a test. A row that does not prove that its fault was injected, or that enough work was
 * open when it was, has failed: a matrix in which nothing happens is green for nothing.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { Arena, type ArenaOptions } from './arena.ts';

export interface RowOptions extends ArenaOptions {
  /** What the machine must have; without it the row is skipped, visibly. */
  needs?: Need[];
  timeoutMs?: number;
}

type Need = keyof typeof needs;

const works = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const needs = {
  root: () => process.getuid?.() === 0,
  netns: () => works('ip', 'netns', 'list') && works('iptables', '-S'),
  faketime: () => works('faketime', '--version'),
  fakeableRedis: () => {
    const socket = join(tmpdir(), `corral-faults-${process.pid}.sock`);
    const start = `faketime -f +0 timeout 3 redis-server --port 0 --unixsocket ${socket} --save ''`;
    return works('sh', '-c', `${start} & sleep 2; redis-cli -s ${socket} ping | grep -q PONG`);
  },
} satisfies Record<string, () => boolean>;

/** Targets are for a machine that does nothing else; on a busy one give room, e.g. FAULTS_SLACK=3. */
const slack = Number(process.env['FAULTS_SLACK'] ?? 1);

export class Findings {
  readonly proofs: string[] = [];
  readonly times: { what: string; ms: number; targetMs: number }[] = [];
  readonly notes: string[] = [];
  #open: number | undefined;

  /** The fault has really happened. */
  proven(what: string, holds: boolean): void {
    expect(holds, `the fault was not injected: ${what}`).toBe(true);
    this.proofs.push(what);
  }

  /** Share of the work that was open when the fault came; a row that comes late on purpose says how little is enough. */
  open(share: number, least = 0.2): void {
    expect(share, 'too little work was open when the fault came').toBeGreaterThanOrEqual(least);
    this.#open = share;
  }

  took(what: string, ms: number, targetMs: number): void {
    this.times.push({ what, ms, targetMs });
    expect(ms, `${what}: target ${targetMs} ms`).toBeLessThanOrEqual(targetMs * slack);
  }

  /** Something worth a place in the table. */
  note(text: string): void {
    this.notes.push(text);
  }

  complete(): void {
    expect(this.proofs, 'the row has not proved its fault').not.toEqual([]);
    expect(this.#open, 'the row has not measured how much work was open').toBeDefined();
  }

  get share(): number {
    return this.#open ?? 0;
  }
}

export function row(
  id: string,
  title: string,
  { needs: wanted = [], timeoutMs = 180_000, ...options }: RowOptions,
  body: (arena: Arena, findings: Findings) => Promise<void>,
): void {
  const missing = wanted.filter((need) => !needs[need]());
  const name = `${id} ${title}`;
  const record = (verdict: string, findings = new Findings()): void => {
    const { proofs, times, notes, share } = findings;
    const line = { id, title, verdict, proofs, times, notes, open: share };
    appendFileSync(inject('findings'), `${JSON.stringify(line)}\n`);
  };
  if (missing.length > 0) {
    it.skip(`${name} [skipped: needs ${missing.join(', ')}]`);
    it(`${id} is told as skipped`, () => record(`skipped: needs ${missing.join(', ')}`));
    return;
  }
  it(name, { timeout: timeoutMs }, async () => {
    const findings = new Findings();
    const arena = await Arena.open(options);
    try {
      await body(arena, findings);
      findings.complete();
      await arena.atRest();
      record('held', findings);
    } catch (error) {
      record('FAILED', findings);
      console.error(`${id}: ${String(error)}\n${arena.tails()}`);
      throw error;
    } finally {
      await arena.close();
    }
  });
}
