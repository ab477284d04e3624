/** `npm run bench` in its short form: it works, and what it measures has the right results. Its figures prove nothing. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Report } from '../bench/report/report.ts';
import { Program } from './program.ts';

const root = join(import.meta.dirname, '../..');

test('every workload ends, with the right results and a figure for each contender', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'corral-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const json = join(folder, 'bench.json');
  const bench = new Program('npm', ['run', 'bench', '--', '--quick', '--json', json], { cwd: root, env: {} });
  expect(await bench.ended, bench.output).toEqual({ code: 0, signal: null });
  const { workloads, rows, failures } = JSON.parse(readFileSync(json, 'utf8')) as Report;
  expect(failures).toEqual([]);
  for (const row of rows)
    for (const { median } of [row.result, ...row.versus.map(({ result }) => result)])
      expect(median, JSON.stringify(row)).toBeGreaterThanOrEqual(0);
  expect([...new Set(rows.map(({ workload }) => workload))]).toEqual(workloads);
});
