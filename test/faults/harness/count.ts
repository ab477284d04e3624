export const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

export const startsIn = (entries: readonly { event: string }[]): number =>
  entries.filter(({ event }) => event === 'start').length;
