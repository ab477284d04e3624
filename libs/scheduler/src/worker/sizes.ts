/** About how many bytes requests carry: calls of the store are filled by that too (contract/limits.ts). */
import type { GroupMember, Settlement, Turn } from '../contract/store.ts';

const total = (sizes: Iterable<number>): number => {
  let sum = 0;
  for (const size of sizes) sum += size;
  return sum;
};

export const bytesOfMember = ({ args, options }: GroupMember): number => args.length + options.length;

export const bytesOfTurn = ({ history, spawns, groups, events, logs, progress }: Turn): number =>
  (history?.length ?? 0) +
  total(spawns.map(bytesOfMember)) +
  total(groups.flatMap(({ members }) => members.map(bytesOfMember))) +
  total(events.map((event) => ('outcome' in event ? event.outcome.payload.length : 0))) +
  total(logs.map((entry) => entry.length)) +
  (progress?.length ?? 0);

export const bytesOfSettlement = ({ outcome, logs, progress }: Settlement): number =>
  outcome.payload.length + total(logs.map((entry) => entry.length)) + (progress?.length ?? 0);
