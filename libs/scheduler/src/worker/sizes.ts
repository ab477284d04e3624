/** How much requests are for the store: calls are filled by their items and their bytes (contract/group-commit.ts). */
import type { GroupMember, NewGroup, Settlement, Turn } from '../contract/store.ts';

const total = <T>(items: readonly T[], bytesOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + bytesOf(item), 0);

const bytesOfText = (text: string | undefined): number => text?.length ?? 0;

export const bytesOfMember = ({ args, options }: GroupMember): number => args.length + options.length;

const bytesOfGroup = ({ members, begun }: NewGroup): number =>
  total(members, bytesOfMember) + total(begun?.results ?? [], bytesOfText);

export const bytesOfTurn = ({ history, spawns, groups, events, logs, progress }: Turn): number =>
  bytesOfText(history) +
  total(spawns, bytesOfMember) +
  total(groups, bytesOfGroup) +
  total(events, (event) => ('outcome' in event ? event.outcome.payload.length : 0)) +
  total(logs, bytesOfText) +
  bytesOfText(progress);

export const bytesOfSettlement = ({ outcome, logs, progress, gathered }: Settlement): number =>
  outcome.payload.length +
  total(logs, bytesOfText) +
  bytesOfText(progress) +
  (gathered === undefined ? 0 : bytesOfGroup(gathered));

/**
 * A task with a record of its own costs the store about as much as four members of a gather, and so does the one that comes
 * next. 100 of them in one call kept everybody else waiting for 6 ms (adr/0023).
 */
const itemsOfRecord = 4;

export const itemsOfSettlement = ({ member }: Settlement): number => (member === undefined ? itemsOfRecord : 1);
