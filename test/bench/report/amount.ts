/** Three digits are all that a measurement is worth. */
export function amount(value: number): string {
  if (value >= 1000) return Number(value.toPrecision(3)).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
