/** What may be wrong within a value that is meant to be JSON. */
export interface LiteralFault {
  path: (string | number)[];
  detail: string;
}

/** The first fault: more than `maxDepth` lists and objects in one another, or what JSON cannot hold. */
export const literalFault = (value: unknown, maxDepth: number): LiteralFault | undefined => fault(value, maxDepth, 0);

function fault(value: unknown, maxDepth: number, depth: number): LiteralFault | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { path: [], detail: `is ${value}, which JSON cannot hold` };
    case 'object':
      return value === null ? undefined : faultWithin(value, maxDepth, depth);
    default:
      return { path: [], detail: `is a ${typeof value}, which JSON cannot hold` };
  }
}

function faultWithin(value: object, maxDepth: number, depth: number): LiteralFault | undefined {
  if (depth === maxDepth) return { path: [], detail: `is nested more than ${maxDepth} deep` };
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const inner = fault((value as Record<string | number, unknown>)[key], maxDepth, depth + 1);
    if (inner !== undefined) return { path: [key, ...inner.path], detail: inner.detail };
  }
  return undefined;
}
