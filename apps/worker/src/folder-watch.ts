/** Calls back when something in the folders has changed, and not again before that call is done. */
import { type FSWatcher, watch } from 'node:fs';

/** An editor writes a file in several steps. */
const settleMs = 100;

export class FolderWatch {
  readonly #watchers: FSWatcher[];
  readonly #onChange: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(folders: readonly string[], onChange: () => Promise<void>, onError: (error: unknown) => void) {
    this.#onChange = onChange;
    this.#watchers = folders.map((folder) =>
      watch(folder, { recursive: true }, () => this.#plan(onError)).on('error', onError),
    );
  }

  #plan(onError: (error: unknown) => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(this.#onChange).catch(onError);
    }, settleMs);
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    clearTimeout(this.#timer);
    await this.#running;
  }
}
