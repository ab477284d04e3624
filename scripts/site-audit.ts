/** Runs siteAudit over REST, as anybody would: submit, then ask until it is settled. */
import type { TaskView } from '@corral/scheduler';
import type { AuditReport } from '../apps/worker/src/coroutines/site-audit/report.ts';
import { progress } from './progress.ts';

const pollMs = 500;

interface AuditProgress {
  pages: number;
  visited: number;
  queued: number;
  links: number;
  broken: number;
}

/** Throws when the API refuses it, or the audit fails. */
export async function runAudit(api: string, args: { startUrl: string }): Promise<AuditReport> {
  const submitted = await request(`${api}/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ coroutine: 'siteAudit', args }),
  });
  const shown = progress(`siteAudit of ${args.startUrl}`);
  try {
    for (;;) {
      const task = await request(`${api}/v1/tasks/${submitted.id}?waitMs=${pollMs}`);
      if (task.state === 'succeeded') return task.result as AuditReport;
      if (task.state === 'failed' || task.state === 'cancelled')
        throw new Error(`siteAudit ${task.state}: ${task.error?.type}: ${task.error?.message}`);
      const now = task.progress as AuditProgress | null;
      if (now !== null) shown.update(now.visited, now.visited + now.queued, `${now.links} links, ${now.broken} broken`);
    }
  } finally {
    shown.end();
  }
}

async function request(url: string, init?: RequestInit): Promise<TaskView> {
  const answer = await fetch(url, init);
  if (!answer.ok)
    throw new Error(`${init?.method ?? 'GET'} ${url} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as TaskView;
}
