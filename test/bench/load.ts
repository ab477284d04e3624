/** What runs cost: CPU of each process, commands of Redis, of all its nodes together. Only while a meter is open; runs add up. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Redis } from 'ioredis';
import { amount } from './report/amount.ts';

/** Process ids by name, for people. */
export type Processes = Readonly<Record<string, number>>;

/** Of /proc: always 100 a second, whatever the kernel's own. */
const msPerTick = 10;
/** Redis remembers calls that took longer. */
const slowCallUs = 1000;
const busyShare = 0.9;
/** More than that, taken by processes that have no part in it, and the figure is not to be trusted. */
const disturbedShare = 0.1;

/** Of all threads of the process; undefined where there is no /proc. */
export function cpuMs(pid: number): number | undefined {
  const fields = readProc(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /, '')
    .split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** Of everything that runs on this machine. */
function machineMs(): number | undefined {
  const line = readProc('/proc/stat')?.split('\n', 1)[0];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/ +/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) * msPerTick;
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export class LoadMeter {
  /** Milliseconds of the longest call of Redis in each run; 0 when none took a millisecond. */
  readonly longestCalls: number[] = [];
  readonly #processes: Processes;
  readonly #redis: readonly Redis[];
  readonly #cpu = new Map<string, number>();
  readonly #commands = new Map<string, { calls: number; usec: number }>();
  #before = new Map<string, number>();
  #machineBefore = 0;
  #machineMs = 0;
  #began = 0;
  #wallMs = 0;

  constructor(processes: Processes, redis: readonly Redis[]) {
    this.#processes = processes;
    this.#redis = redis;
  }

  async open(): Promise<void> {
    for (const redis of this.#redis) {
      await redis.config('SET', 'slowlog-log-slower-than', slowCallUs, 'slowlog-max-len', 1000);
      await redis.slowlog('RESET');
      await redis.config('RESETSTAT');
    }
    this.#before = this.#cpuNow();
    this.#machineBefore = machineMs() ?? 0;
    this.#began = performance.now();
  }

  async close(): Promise<void> {
    this.#wallMs += performance.now() - this.#began;
    this.#machineMs += (machineMs() ?? 0) - this.#machineBefore;
    for (const [name, ms] of this.#cpuNow()) add(this.#cpu, name, ms - (this.#before.get(name) ?? 0));
    let longest = 0;
    for (const redis of this.#redis) longest = Math.max(longest, await this.#readCalls(redis));
    this.longestCalls.push(longest);
  }

  /** Adds its commands up; answers the milliseconds of the longest. */
  async #readCalls(redis: Redis): Promise<number> {
    const slow = (await redis.slowlog('GET', 1000)) as [id: number, at: number, usec: number][];
    const stats = await redis.info('commandstats');
    for (const [, name = '', calls, usec] of stats.matchAll(/cmdstat_([^:]+):calls=(\d+),usec=(\d+)/g)) {
      const sum = this.#commands.get(name) ?? { calls: 0, usec: 0 };
      this.#commands.set(name, { calls: sum.calls + Number(calls), usec: sum.usec + Number(usec) });
    }
    return Math.max(0, ...slow.map(([, , usec]) => usec / 1000));
  }

  /** Of runs with so many tasks each: `worker-1 92 % of a core, redis 61 % (scripts 12.3 µs a task in 0.02 calls)`. */
  describe(tasks: number): string {
    const shares = [...this.#cpu].map(([name, ms]) => ({ name, share: ms / this.#wallMs }));
    if (shares.length === 0) return 'not known: no /proc here';
    shares.sort((a, b) => b.share - a.share);
    const cores = availableParallelism();
    const all = shares.reduce((sum, { share }) => sum + share, 0);
    const redis = shares.find(({ name }) => name.startsWith('redis'));
    const told = shares
      .filter(({ share }) => share >= 0.01)
      .map(({ name, share }, i) => {
        const commands = name === redis?.name ? ` (${this.#commandsTold(tasks)})` : '';
        return `${name} ${percent(share)}${i === 0 ? ' of a core' : ''}${commands}`;
      });
    const machine = all >= busyShare * cores ? `all ${cores} cores are busy; ` : '';
    const foreign = this.#machineMs / this.#wallMs - all;
    const disturbed = foreign > disturbedShare ? `; DISTURBED: other processes took ${percent(foreign)} of a core` : '';
    return `${machine}${told.join(', ')}${disturbed}`;
  }

  /** Scripts count as what called them; what they call themselves is counted once more, and not shown. */
  #commandsTold(tasks: number): string {
    const scripts = ['fcall', 'evalsha', 'eval'].flatMap((name) => this.#commands.get(name) ?? []);
    const sum = (of: 'calls' | 'usec'): number => scripts.reduce((all, each) => all + each[of], 0);
    const [name, shown] =
      scripts.length === 0 ? this.#dearest() : ['scripts', { calls: sum('calls'), usec: sum('usec') }];
    const each = (sum: number): string => amount(sum / tasks / this.longestCalls.length);
    return `${name} ${each(shown.usec)} µs a task in ${each(shown.calls)} calls`;
  }

  #dearest(): [name: string, { calls: number; usec: number }] {
    const sorted = [...this.#commands].sort(([, a], [, b]) => b.usec - a.usec);
    return sorted[0] ?? ['no command', { calls: 0, usec: 0 }];
  }

  #cpuNow(): Map<string, number> {
    const now = new Map<string, number>();
    for (const [name, pid] of Object.entries(this.#processes)) {
      const ms = cpuMs(pid);
      if (ms !== undefined) now.set(name, ms);
    }
    return now;
  }
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function add(sums: Map<string, number>, name: string, ms: number): void {
  sums.set(name, (sums.get(name) ?? 0) + ms);
}
