/** What a parsed JSON text may still hold that the cluster cannot take. */
export interface JsonFault {
  path: (string | number)[];
  detail: string;
}

/** The first fault of `value`: a level deeper than `maxDepth`, or a number such as 1e400 that became infinite. */
export function jsonFault(value: unknown, maxDepth: number): JsonFault | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return { path: [], detail: 'is too large for a number' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (maxDepth === 0) return { path: [], detail: 'is nested too deeply' };
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const fault = jsonFault((value as Record<string | number, unknown>)[key], maxDepth - 1);
    if (fault !== undefined) return { path: [key, ...fault.path], detail: fault.detail };
  }
  return undefined;
}
