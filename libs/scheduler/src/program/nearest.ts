/** The word that somebody meant. */

/** The nearest of `words`; undefined when none is near. `wait_for` is as near to `waitFor` as can be. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const meant = plain(word);
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    const other = plain(candidate);
    const tolerance = Math.max(1, Math.floor(other.length / 3));
    if (Math.abs(meant.length - other.length) > tolerance) continue;
    const distance = editDistance(meant, other);
    if (distance <= tolerance && distance < (best?.distance ?? Number.POSITIVE_INFINITY))
      best = { word: candidate, distance };
  }
  return best?.word;
}

const plain = (word: string): string => word.toLowerCase().replaceAll('_', '');

/** How many letters must be put in, taken out, replaced or swapped with the next one to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwap ? (twoAbove[column - 2] ?? 0) + 1 : replaced;
      current.push(Math.min(replaced, swapped, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    [twoAbove, above] = [above, current];
  }
  return above[b.length] ?? 0;
}
