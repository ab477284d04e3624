/** The reference interpreter on CPython's asyncio: reference.py, which is not part of this repository, and its robust.py. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Case, recordedUnit, unitsOf } from './case.ts';
import { mapDurations } from './expressions.ts';
import { sameOutcome } from './outcome.ts';

/** Robust.py takes a tenth of a second for a case, but now and then its clock stands still and it goes on for ever. */
const fairnessMs = 10_000;
const shakes = 20;
/** Small even when many durations add up. */
const shakeUnits = 0.02;

export interface Reference {
  /** Path of reference.py. */
  script: string;
  /** The first gives the outcome, the others must agree with it. */
  pythons: readonly [string, ...string[]];
  /** How often each program runs with other small differences in time, which must not change its outcome. */
  variants: number;
}

export type Unrecorded = Omit<Case, 'expect'>;

/** The cases with their outcomes; without those on which versions of Python differ, be it in time. */
export async function outcomes(cases: readonly Unrecorded[], { script, pythons }: Reference): Promise<Case[]> {
  const [mine, ...theirs] = await Promise.all(pythons.map((python) => outcomesOf(python, script, cases)));
  return (mine ?? []).filter((test, index) => theirs.every((other) => agree(test, other[index])));
}

const agree = (test: Case, other: Case | undefined): boolean =>
  other !== undefined && sameOutcome(test.expect, other.expect) && unitsOf(test) === unitsOf(other);

async function outcomesOf(python: string, script: string, cases: readonly Unrecorded[]): Promise<Case[]> {
  const input = cases.map((test) => `${JSON.stringify(test)}\n`).join('');
  const { code, stdout, stderr } = await run(python, [script, '--lines', '--unit', String(recordedUnit)], input);
  const lines = stdout.trimEnd().split('\n');
  if (code !== 0 || lines.length !== cases.length) throw new Error(`${python} ${script} ended with ${code}: ${stderr}`);
  return cases.map((test, index) => ({ ...test, expect: JSON.parse(lines[index] ?? '') as Case['expect'] }));
}

/** Whether the time that it takes is about the same when every duration is a little off: no two events coincide. */
export async function isSteady(test: Case, { script, pythons: [python] }: Reference): Promise<boolean> {
  const shaken = Array.from({ length: shakes }, (_, index) => shake(test, index + 1));
  const others = await outcomesOf(python, script, shaken);
  return others.every((other) => Math.abs(unitsOf(other) - unitsOf(test)) < 0.5);
}

function shake({ program, cancel, ...test }: Case, turn: number): Case {
  let count = 0;
  // Multiples of the golden ratio are spread evenly, and always the same.
  const off = (units: number): number => units + shakeUnits * (((++count * turn * 1.618034) % 1) - 0.5);
  const shaken = { ...test, program: mapDurations(program, (units) => (units === 0 ? 0 : off(units))) };
  return cancel === undefined ? shaken : { ...shaken, cancel: { ...cancel, after: off(cancel.after) } };
}

/** Whether the outcome does not depend on small differences in time. */
export async function isFair(test: Case, { script, pythons, variants }: Reference): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-record-'));
  try {
    const file = join(folder, 'case.json');
    await writeFile(file, JSON.stringify([test]));
    const args = [join(dirname(script), 'robust.py'), file, '--variants', String(variants)];
    const { code, stdout, stderr } = await run(pythons[0], args, '', fairnessMs);
    // Exit code 1 says both "not fair", with a closing line, and that the script is broken.
    if (code === 0 || code === null || stdout.endsWith('1 cases, 1 not usable\n')) return code === 0;
    throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `code`: null when it took too long. */
async function run(python: string, args: string[], input: string, timeout = 0) {
  const child = spawn(python, args, { stdio: 'pipe', timeout, killSignal: 'SIGKILL' });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, code };
}
