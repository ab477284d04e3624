/**
 * Carries ids of ready tasks to workers with a free slot. Only a hint: what it loses, doubles or reorders costs time
 * and nothing else, because the claim decides (D2) and the sweep hints again what nobody claimed (D1).
 */
import type { TaskId } from './task.ts';

export interface Hint {
  id: TaskId;
  /** Higher first; 0 by default. */
  priority: number;
}

export interface Dispatch {
  /** Sends the ids on their way in batches of at most `batch` ids. */
  send(partition: number, hints: readonly Hint[], batch: number): Promise<void>;
  /** Batches on their way that no worker has fetched yet. */
  backlog(partition: number): Promise<number>;
  consume(partition: number, consumer: Consumer): Consumption;
  close(): Promise<void>;
}

export interface Consumer {
  /** Resolves when a slot is free: no batch is fetched before (back-pressure). Rejects never. */
  free(): Promise<void>;
  /** Handles one batch. Several may be in hand; each takes its slots before it waits for anything. */
  take(ids: readonly TaskId[]): Promise<void>;
  failed(error: unknown): void;
}

export interface Consumption {
  /** Fetches no more; resolves when the batch in hand has been handled. */
  stop(): Promise<void>;
}
