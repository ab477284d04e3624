/**
 * Who lives. Leases are counted in the time that the store itself was up, so that an outage of the store costs nobody
 * its lease: what has passed since the last sweep, but never more than 1.5 s, and half a second after more than 3 s
 * without any. A session that has not beaten since a worker of the same name came has a short lease: most probably that
 * one follows it.
 */
import { otherCoroutine } from '../contract/cluster.ts';
import type { Beat, SessionInfo } from '../contract/store.ts';
import type { SessionId, TaskId } from '../contract/task.ts';
import type { MemoryTask } from './memory-task.ts';

const leaseMs = 3_500;
/** A session that is silent for longer may be dead. */
const silentMs = 2_500;
/** When it has not beaten since a worker of the same name came. */
const succeededLeaseMs = 1_500;
const longestGapMs = 1_500;
const outageMs = 3_000;
const afterOutageMs = 500;

/** The id of a session is the name of its worker and a suffix of its own. */
const workerOf = (session: SessionId): string => session.replace(/(?<=.)-[^-]*$/, '');

export interface Session {
  info: SessionInfo;
  coroutines: ReadonlySet<string>;
  running: number;
  suspended: number;
  draining: boolean;
  stuck: boolean;
  /** So many of its claimed tasks that count as running hold no slot. */
  resting: number;
  /** Up-time of the store at the last beat. */
  beatAt: number;
  /** Its lease has run out; what it held is being taken back. */
  lost: boolean;
  /** A worker of the same name has come since its last beat. */
  succeeded: boolean;
  /** When it was told of what directly, as long as it has not come to claim that. */
  told: { at: number; of: TaskId } | undefined;
  /** Number of the last direct claim. */
  given: number;
  readonly claimed: Set<MemoryTask>;
}

export class Sessions {
  /** Coroutines that workers have had; a caller may ask for any name. */
  readonly names = new Set<string>();
  readonly #sessions = new Map<SessionId, Session>();
  /** Sessions that were given up, ever, but for those that a task is known to have ended. */
  deaths = 0;
  readonly #gone = new Set<SessionId>();
  #upMs = 0;
  #sweptAt: number | undefined;

  /** Under which name a coroutine is counted. */
  nameOf(coroutine: string): string {
    return this.names.has(coroutine) ? coroutine : otherCoroutine;
  }

  register(info: SessionInfo, now: number): void {
    const known = this.#sessions.get(info.id);
    if (this.#gone.has(info.id)) return;
    for (const other of this.all())
      if (other !== known && workerOf(other.info.id) === workerOf(info.id)) other.succeeded = true;
    const coroutines = new Set(info.coroutines.map(({ name }) => name));
    for (const name of coroutines) this.names.add(name);
    if (known !== undefined) Object.assign(known, { info, coroutines, beatAt: this.#uptime(now) });
    else
      this.#sessions.set(info.id, {
        info,
        coroutines,
        running: 0,
        suspended: 0,
        draining: false,
        stuck: false,
        resting: 0,
        beatAt: this.#uptime(now),
        lost: false,
        succeeded: false,
        told: undefined,
        given: 0,
        claimed: new Set(),
      });
  }

  /** False when it is unknown or lost. */
  beat({ session, running, suspended, draining, stuck }: Beat, now: number): boolean {
    const known = this.live(session);
    if (known === undefined) return false;
    Object.assign(known, { running, suspended, draining, stuck, beatAt: this.#uptime(now), succeeded: false });
    return true;
  }

  get(id: SessionId): Session | undefined {
    return this.#sessions.get(id);
  }

  live(id: SessionId): Session | undefined {
    const session = this.#sessions.get(id);
    return session?.lost === false ? session : undefined;
  }

  end(session: Session): void {
    this.#sessions.delete(session.info.id);
  }

  all(): Session[] {
    return [...this.#sessions.values()];
  }

  /** Those that take new tasks. */
  working(): Session[] {
    return this.all().filter((session) => !session.lost && !session.draining);
  }

  isSilent({ beatAt }: Session, now: number): boolean {
    return this.#uptime(now) - beatAt > silentMs;
  }

  serves(coroutine: string): boolean {
    return this.working().some((session) => session.coroutines.has(coroutine));
  }

  slots(): number {
    return this.working().reduce((sum, session) => sum + session.info.slots, 0);
  }

  #uptime(now: number): number {
    const since = now - (this.#sweptAt ?? now);
    return this.#upMs + (since > outageMs ? afterOutageMs : Math.min(Math.max(since, 0), longestGapMs));
  }

  /** Lets up-time pass and answers those whose lease has run out. */
  expire(now: number): Session[] {
    this.#upMs = this.#uptime(now);
    this.#sweptAt = now;
    return this.all().filter((session) => {
      const before = session.lost;
      session.lost ||= this.#upMs - session.beatAt > (session.succeeded ? succeededLeaseMs : leaseMs);
      if (session.lost && !before) {
        this.deaths += 1;
        session.resting = 0;
        this.#gone.add(session.info.id);
      }
      return session.lost;
    });
  }
}
