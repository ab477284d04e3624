/** Of a run that begins before the store knows of its task (members-here.ts). */
import type { SettleAnswer, Settlement } from '../contract/store.ts';

export interface Birth {
  isKnown(): boolean;
  /** Resolves when the store knows of it; false: it never will. */
  readonly known: Promise<boolean>;
  /** Takes an outcome along; undefined for one that has to be settled like any other, when the task is known. */
  ends(settlement: Settlement): Promise<SettleAnswer> | undefined;
  /** The slot is another's, who keeps it. */
  lendsSlot(): boolean;
}
