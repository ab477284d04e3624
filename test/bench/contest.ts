/**
 * Lets contenders do the same work in turns, A B A B, because a machine gets slower and faster over minutes.
 *
 * C1. Nobody runs while another is measured. C2. A run that hangs, or whose results are wrong, is an error and no figure.
 * C3. Each time another one begins, A B C B C A: what disturbs a machine every second and a half met the same one each time
 *     where a round took as long, and made its 99th percentile 0.3 × of the other's.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { progress } from '../../scripts/progress.ts';
import { LoadMeter, type Processes } from './load.ts';
import { within } from './within.ts';

const settleMs = 150;
const longestRunMs = 60_000;

export interface Contender {
  name: string;
  processes: Processes;
  /** All servers that it uses. */
  redis: readonly Redis[];
  /** Rejects when a process has died that it cannot do without. */
  broken: Promise<never>;
  /** Before each run; not measured. */
  prepare?: () => Promise<void>;
  /** Does the work once, checks its results, and answers its figures. */
  run(): Promise<readonly number[]>;
}

export interface Contest<Contenders extends readonly Contender[]> {
  title: string;
  contenders: Contenders;
  rounds: number;
  warmUps: number;
  /** A round is so many short runs of each, in turns too, and `figuresOf` what all of one came to. */
  turns?: { many: number; settleMs: number; figuresOf(samples: readonly number[]): readonly number[] };
}

export interface Runs {
  name: string;
  /** By round, then figure. */
  figures: readonly (readonly number[])[];
  load: LoadMeter;
}

/** What each did, in the order of the contenders. */
export async function hold<const Contenders extends readonly Contender[]>({
  title,
  contenders,
  rounds,
  warmUps,
  turns = { many: 1, settleMs, figuresOf: (samples) => samples },
}: Contest<Contenders>): Promise<{ [Each in keyof Contenders]: Runs }> {
  const shown = progress(title);
  const all = contenders.map((contender) => ({
    ...contender,
    answers: [] as (readonly number[])[],
    load: new LoadMeter(contender.processes, contender.redis),
  }));
  let done = 0;
  const first = -warmUps * turns.many;
  try {
    for (let at = first; at < rounds * turns.many; at++) {
      for (const { name, broken, prepare, run, answers, load } of rotated(all, at - first)) {
        if (prepare !== undefined) await within(longestRunMs, `${title}, before ${name}`, prepare());
        await pause(turns.settleMs);
        const timed = at >= 0;
        if (timed) await load.open();
        const answer = await within(longestRunMs, `${title}, ${name}`, Promise.race([run(), broken]));
        if (timed) {
          await load.close();
          answers.push(answer);
        }
        shown.update(++done, (rounds + warmUps) * turns.many * contenders.length, name);
      }
    }
  } finally {
    shown.end();
  }
  const inRounds = (answers: readonly (readonly number[])[]) =>
    Array.from({ length: rounds }, (_, round) =>
      turns.figuresOf(answers.slice(round * turns.many, (round + 1) * turns.many).flat()),
    );
  return all.map(({ name, load, answers }) => ({ name, load, figures: inRounds(answers) })) as {
    [Each in keyof Contenders]: Runs;
  };
}

const rotated = <T>(all: readonly T[], by: number): T[] => [
  ...all.slice(by % all.length),
  ...all.slice(0, by % all.length),
];
