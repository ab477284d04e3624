/**
 * `npm run audit`: proves the invariants of a store, or names what violates them (libs/scheduler/src/audit). Exit code 0:
 * none is violated; 1: at least one; 2: the store could not be read.
 */
import { parseArgs } from 'node:util';
import { type AuditMode, type AuditReport, auditStore } from '@corral/scheduler';
import { redisOfCopy } from './redis-of-copy.ts';

const modes: readonly AuditMode[] = ['quiet', 'online', 'offline'];
const shownAtMost = 100;
const usage = `usage: npm run audit -- [options]
  --mode quiet      the system is at rest: every violation counts
         online     it runs: two looks, and what both see counts (the default)
         offline    a copy, on which nobody works
  --copy PATH       the data of a Redis: its folder, an .rdb file or an .aof file; audited offline on a server of its own
  --url URL         REDIS_URL, else redis://127.0.0.1:6379
  --prefix NAME     CORRAL_PREFIX, else corral
  --explain         why each task that has not ended will move
  --json            the whole report as JSON`;

const say = (message: string): void => void process.stderr.write(`${message}\n`);

try {
  const options = read();
  const copy = options.copy === undefined ? undefined : await redisOfCopy(options.copy, say);
  try {
    const mode = copy === undefined ? options.mode : 'offline';
    const report = await auditStore({ url: copy?.url ?? options.url, prefix: options.prefix, mode });
    console.log(options.json ? JSON.stringify(report, null, 2) : text(report, options.explain));
    process.exitCode = report.violations.length === 0 ? 0 : 1;
  } finally {
    await copy?.stop();
  }
} catch (error) {
  say((error as Error).message);
  process.exitCode = 2;
}

function read() {
  const environment = { url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' };
  const { values } = parse();
  const mode = modes.find((name) => name === values.mode);
  if (mode === undefined) throw new Error(`--mode ${values.mode}: it is one of ${modes.join(', ')}\n${usage}`);
  const prefix = values.prefix ?? process.env['CORRAL_PREFIX'] ?? 'corral';
  return { ...values, mode, prefix, url: values.url ?? environment.url };
}

function parse() {
  try {
    return parseArgs({
      options: {
        mode: { type: 'string', default: 'online' },
        copy: { type: 'string' },
        url: { type: 'string' },
        prefix: { type: 'string' },
        explain: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
}

function text({ mode, partitions, sessions, tasks, waits, violations }: AuditReport, explain: boolean): string {
  const lines = [
    `${tasks} tasks in ${partitions} partition${partitions === 1 ? '' : 's'}, ${sessions.length} sessions (${mode})`,
  ];
  if (explain) for (const { task, because } of waits) lines.push(`  ${task}: ${because}`);
  else {
    const reasons = Map.groupBy(waits, ({ because }) => because.replaceAll(/\d+/g, 'n'));
    for (const [reason, those] of reasons) lines.push(`  ${those.length} move: ${reason}`);
  }
  for (const { rule, task, reason } of violations.slice(0, shownAtMost)) lines.push(`${rule} ${task}: ${reason}`);
  if (violations.length > shownAtMost) lines.push(`... and ${violations.length - shownAtMost} more`);
  lines.push(violations.length === 0 ? 'no invariant is violated' : `${violations.length} violations`);
  return lines.join('\n');
}
