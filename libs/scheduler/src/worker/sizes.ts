/** About how many bytes requests carry: calls of the store are filled by that too (contract/limits.ts). */
import type { GroupMember, Settlement, Turn } from '../contract/store.ts';

const total = <T>(items: readonly T[], bytesOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + bytesOf(item), 0);

const bytesOfText = (text: string | undefined): number => text?.length ?? 0;

export const bytesOfMember = ({ args, options }: GroupMember): number => args.length + options.length;

export const bytesOfTurn = ({ history, spawns, groups, events, logs, progress }: Turn): number =>
  bytesOfText(history) +
  total(spawns, bytesOfMember) +
  total(groups, ({ members, begun }) => total(members, bytesOfMember) + total(begun?.results ?? [], bytesOfText)) +
  total(events, (event) => ('outcome' in event ? event.outcome.payload.length : 0)) +
  total(logs, bytesOfText) +
  bytesOfText(progress);

export const bytesOfSettlement = ({ outcome, logs, progress }: Settlement): number =>
  outcome.payload.length + total(logs, bytesOfText) + bytesOfText(progress);
