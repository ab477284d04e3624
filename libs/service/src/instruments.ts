/** Several instruments as one. A hook that only one of them has is called directly. */
import type { Instrument } from '@corral/scheduler';

type Hook = (...about: unknown[]) => void;

export function combined(...instruments: readonly Instrument[]): Instrument {
  const hooks = new Map<string, Hook>();
  for (const [name, hook] of instruments.flatMap((each) => Object.entries(each) as [string, Hook][])) {
    const before = hooks.get(name);
    hooks.set(
      name,
      before === undefined
        ? hook
        : (...about) => {
            before(...about);
            hook(...about);
          },
    );
  }
  return Object.fromEntries(hooks) as Instrument;
}
