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

/** How many letters must be put in, taken out or replaced to make `b` of `a` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
