/** Durations, in milliseconds. */

/** Fits the store's numbers with room to spare: about 31,700 years. */
export const longestMs = 1e15;

/** @throws RangeError that names `what` */
export function checkDuration(what: string, ms: number): void {
  if (typeof ms !== 'number' || !(ms >= 0) || ms > longestMs)
    throw new RangeError(`${what}: ${ms} is no duration; give milliseconds from 0 to ${longestMs}`);
}
