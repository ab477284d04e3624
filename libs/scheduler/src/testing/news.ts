/** Tells listeners what is for them, after the call that made it: never within it, and once a call. */
import type { Hint } from '../contract/dispatch.ts';
import type { Claim, Listener } from '../contract/store.ts';
import type { SessionId, TaskId } from '../contract/task.ts';
import type { TaskRecord } from '../contract/views.ts';

export class News {
  readonly #listeners = new Set<{ session: SessionId | undefined; listener: Listener }>();
  readonly #carry: (deliver: () => void) => void;
  #told = new Map<SessionId | undefined, Map<TaskId, (() => TaskRecord) | undefined>>();

  constructor(carry: (deliver: () => void) => void) {
    this.#carry = carry;
  }

  listen(session: SessionId | undefined, listener: Listener): { close(): Promise<void> } {
    const entry = { session, listener };
    this.#listeners.add(entry);
    return {
      close: async () => {
        this.#listeners.delete(entry);
      },
    };
  }

  /** `undefined` tells the clients; `ended`: how it stands when the call is over, of one that has settled. */
  tell(session: SessionId | undefined, id: TaskId, ended?: () => TaskRecord): void {
    const told = this.#told.get(session) ?? new Map();
    this.#told.set(session, told.set(id, ended));
  }

  /** False when nobody hears it. */
  hint(session: SessionId, partition: number, hint: Hint): boolean {
    this.#direct(session, (listener) => listener.hints?.(partition, [hint]));
    return this.isHeard(session);
  }

  claim(session: SessionId, claim: Claim, number: number): void {
    this.#direct(session, (listener) => listener.claim?.(claim, number));
  }

  isHeard(session: SessionId): boolean {
    return [...this.#listeners].some((entry) => entry.session === session);
  }

  #direct(session: SessionId, tell: (listener: Listener) => void): void {
    for (const entry of this.#listeners)
      if (entry.session === session)
        this.#carry(() => {
          if (this.#listeners.has(entry)) tell(entry.listener);
        });
  }

  flush(): void {
    if (this.#told.size === 0) return;
    const told = this.#told;
    this.#told = new Map();
    for (const entry of this.#listeners) {
      const tasks = told.get(entry.session);
      if (tasks === undefined) continue;
      const ended = new Map<TaskId, TaskRecord>();
      for (const [id, record] of tasks) if (record !== undefined) ended.set(id, record());
      this.#carry(() => {
        if (this.#listeners.has(entry)) entry.listener.news([...tasks.keys()], ended);
      });
    }
  }
}
