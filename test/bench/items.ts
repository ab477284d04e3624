/** What the tasks of every peer carry: about 100 bytes of JSON, and the same comes back. */

export interface Item {
  i: number;
  text: string;
}

const text = 'x'.repeat(80);

export const items = (count: number): Item[] => Array.from({ length: count }, (_, i) => ({ i, text }));

/** A figure of wrong results is worth nothing. @throws Error that names the first place which is wrong */
export function checkInOrder(answers: readonly Item[], count: number): void {
  if (answers.length !== count) throw new Error(`${answers.length} results of ${count}`);
  for (let i = 0; i < count; i++) {
    const answer = answers[i]; // a hole, where one came twice and another never
    if (answer?.i !== i || answer.text !== text) throw new Error(`result ${i} is ${JSON.stringify(answer)}`);
  }
}
