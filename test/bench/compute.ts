/** A task that keeps a core busy for about two milliseconds: a fixed number of steps of xorshift (Marsaglia 2003). */
const steps = 1_000_000;

export function compute(seed: number): number {
  let state = seed + 1;
  for (let i = 0; i < steps; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
