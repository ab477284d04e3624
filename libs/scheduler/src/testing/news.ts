/** Tells listeners which tasks have news, after the call that made them: never within it, and once a call. */
import type { SessionId, TaskId } from '../contract/task.ts';

type OnNews = (ids: readonly TaskId[]) => void;

export class News {
  readonly #listeners = new Set<{ session: SessionId | undefined; onNews: OnNews }>();
  readonly #carry: (deliver: () => void) => void;
  #told = new Map<SessionId | undefined, Set<TaskId>>();

  constructor(carry: (deliver: () => void) => void) {
    this.#carry = carry;
  }

  listen(session: SessionId | undefined, onNews: OnNews): { close(): Promise<void> } {
    const listener = { session, onNews };
    this.#listeners.add(listener);
    return {
      close: async () => {
        this.#listeners.delete(listener);
      },
    };
  }

  /** `undefined` tells the clients. */
  tell(session: SessionId | undefined, id: TaskId): void {
    const ids = this.#told.get(session) ?? new Set();
    this.#told.set(session, ids.add(id));
  }

  flush(): void {
    if (this.#told.size === 0) return;
    const told = this.#told;
    this.#told = new Map();
    for (const listener of this.#listeners) {
      const ids = told.get(listener.session);
      if (ids === undefined) continue;
      this.#carry(() => {
        if (this.#listeners.has(listener)) listener.onNews([...ids]);
      });
    }
  }
}
