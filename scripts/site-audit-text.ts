/** The report of siteAudit for people, in a screenful. */
import type { AuditReport } from '../apps/worker/src/coroutines/site-audit/report.ts';
import type { Fault } from '../examples/site/faults.ts';

const shownBroken = 8;
const shownSlowest = 3;

/** `names`: of the workers, by process id. */
export function auditText(report: AuditReport, names: ReadonlyMap<number, string>): string {
  const { pages, links, broken, slowest, latency, workers } = report;
  const seconds = (report.ms / 1000).toFixed(1);
  const by = Object.entries(workers);
  const text = [
    `siteAudit of ${report.startUrl}`,
    `  ${count(pages, 'page')} (${(report.bytes / 1024).toFixed(0)} KiB) and ${count(links.distinct, 'link')} in ${seconds} s, by ${count(by.length, 'worker')}:`,
    ...by.map(([process, requests]) => `    ${workerName(process, names)}: ${count(requests, 'request')}`),
    `  latency of pages: p50 ${latency.p50} ms, p90 ${latency.p90} ms, p99 ${latency.p99} ms; the slowest:`,
    ...slowest.slice(0, shownSlowest).map(({ url, ms }) => `    ${ms} ms  ${url}`),
    `  ${count(report.redirectTotal, 'redirect')}`,
    `  ${count(report.brokenTotal, 'broken link')}:`,
    ...Object.entries(report.brokenByReason).map(([reason, total]) => `    ${total} x ${reason}`),
  ];
  if (broken.length === 0) return text.join('\n');
  text.push('  for instance:');
  for (const { url, reason, status, pages: holders, pageCount } of broken.slice(0, shownBroken)) {
    const more = pageCount > 1 ? ` and ${pageCount - 1} more` : '';
    text.push(`    ${url.trim() || '(empty)'}  ${status ?? reason}, on ${holders[0] ?? 'no page'}${more}`);
  }
  return text.join('\n');
}

function workerName(process: string, names: ReadonlyMap<number, string>): string {
  const pid = Number(process.split(':').at(-1));
  const name = names.get(pid);
  return name === undefined ? process : `${name} (pid ${pid})`;
}

const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;

/** What the audit found against what was planted: the differences, none when they agree. */
export function differences(report: AuditReport, faults: readonly Fault[]): string[] {
  const found = new Set(report.broken.map(({ url, reason }) => `${url} (${reason})`));
  const planted = new Set(faults.map(({ url, reason }) => `${url} (${reason})`));
  return [
    ...[...planted].filter((fault) => !found.has(fault)).map((fault) => `planted and not found: ${fault}`),
    ...[...found].filter((fault) => !planted.has(fault)).map((fault) => `found and not planted: ${fault}`),
  ];
}
