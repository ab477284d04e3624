/** Two signals of one person: the first asks, the second insists. */

/** Under npm a Ctrl-C arrives twice: from the terminal, and handed on by npm. That is one. */
const echoMs = 500;

export function onSignals<Signal extends NodeJS.Signals>(
  signals: readonly Signal[],
  first: (signal: Signal) => void,
  again: (signal: Signal) => void,
): void {
  let firstAt: number | undefined;
  const onSignal = (signal: Signal): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      first(signal);
    } else if (performance.now() - firstAt > echoMs) again(signal);
  };
  for (const signal of signals) process.on(signal, () => onSignal(signal));
}
