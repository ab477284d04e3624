/** Gathers what the rows have found and prints it as a table; with FAULTS_TABLE also into that file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** File that takes one JSON line for each row. */
    findings: string;
  }
}

interface Line {
  id: string;
  title: string;
  verdict: string;
  proofs: string[];
  times: { what: string; ms: number; targetMs: number }[];
  notes: string[];
  open: number;
}

export default function setup(project: TestProject): () => void {
  const home = mkdtempSync(join(tmpdir(), 'corral-findings-'));
  const findings = join(home, 'findings.jsonl');
  writeFileSync(findings, '');
  project.provide('findings', findings);
  return () => {
    const lines = readFileSync(findings, 'utf8').split('\n').filter(Boolean);
    const table = toTable(lines.map((line) => JSON.parse(line) as Line));
    rmSync(home, { recursive: true });
    console.log(`\n${table}`);
    const file = process.env['FAULTS_TABLE'];
    if (file !== undefined) writeFileSync(file, `# Faults\n\n${table}\n`);
  };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function toTable(lines: Line[]): string {
  const rows = lines
    .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)))
    .map(({ id, title, verdict, times, proofs, notes, open }) => {
      const measured = times.map(({ what, ms, targetMs }) => `${what} ${seconds(ms)} (${seconds(targetMs)})`);
      const share = open === 0 ? '' : `${Math.round(open * 100)} %`;
      return `| ${id} | ${title} | ${verdict} | ${measured.join('; ')} | ${share} | ${[...proofs, ...notes].join('; ')} |`;
    });
  return [
    '| row | fault | verdict | times (target) | work open | proof of the fault, and what was seen |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
