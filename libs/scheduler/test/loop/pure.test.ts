/** L2: the loop and the contract read no clock and no randomness, and do no I/O. What lint cannot say is said here. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const impure =
  /\b(Date\.now|new Date\(\)|Math\.random|performance\.|setTimeout|setInterval|setImmediate|fetch\(|process\.|randomUUID|randomBytes|import\()/;

it.each(['contract', 'loop', 'client'])('%s/ is pure', (floor) => {
  const folder = new URL(`../../src/${floor}/`, import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(2);
  for (const name of files) {
    const code = readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(impure.exec(code)?.[0], `${floor}/${name}`).toBeUndefined();
  }
});
