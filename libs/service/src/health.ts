/** Whether this process lives, and whether it can do its work now. */
import type { LoopMonitor } from './loop-monitor.ts';
import { withDeadline } from './with-deadline.ts';

const maxLoopDelayMs = 5000;

/** Reasons against being ready, in words for an operator; empty when there are none. */
export type ReadinessCheck = () => Promise<readonly string[]> | readonly string[];

export class Health {
  readonly #loop: LoopMonitor;
  readonly #checks: readonly ReadinessCheck[];
  readonly #checkTimeoutMs: number;
  #draining = false;

  constructor(loop: LoopMonitor, checks: readonly ReadinessCheck[], checkTimeoutMs = 2000) {
    this.#loop = loop;
    this.#checks = checks;
    this.#checkTimeoutMs = checkTimeoutMs;
  }

  /** From now on not ready: no new work should be sent here. */
  drain(): void {
    this.#draining = true;
  }

  /** Says nothing of Redis: a restart of this process would not mend it. */
  alive(): { status: 'alive' | 'blocked'; loopDelayMs: number } {
    const delay = this.#loop.delayMs;
    return { status: delay > maxLoopDelayMs ? 'blocked' : 'alive', loopDelayMs: Math.round(delay) };
  }

  async ready(): Promise<{ status: 'ready' | 'not ready'; reasons: string[] }> {
    const reasons = (await Promise.all(this.#checks.map((check) => runCheck(check, this.#checkTimeoutMs)))).flat();
    if (this.#draining) reasons.push('draining');
    return { status: reasons.length === 0 ? 'ready' : 'not ready', reasons };
  }
}

async function runCheck(check: ReadinessCheck, timeoutMs: number): Promise<readonly string[]> {
  try {
    return await withDeadline(check(), timeoutMs);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
