/** siteAudit.section: some URLs of one round, a task for each, at most `limit` of them at once. */
import { coroutine } from '@corral/scheduler';
import { z } from 'zod';
import type { auditLink } from './link.ts';
import type { auditPage } from './page.ts';
import { pack } from './section-pack.ts';
import type { Visit } from './visit.ts';

const args = z.strictObject({
  /** What becomes of the URLs: read as pages, or only checked. */
  as: z.enum(['page', 'link']),
  urls: z.array(z.string()).min(1),
  limit: z.int().min(1),
  origin: z.string(),
  timeoutMs: z.int().min(1),
  maxBytes: z.int().min(1),
});

export const auditSection = (page: ReturnType<typeof auditPage>, link: ReturnType<typeof auditLink>) =>
  coroutine(
    'siteAudit.section',
    async (loop, { as, urls, limit, origin, timeoutMs, maxBytes }) => {
      const members = urls.map((url) =>
        as === 'page' ? page({ url, origin, timeoutMs, maxBytes }) : link({ url, timeoutMs }),
      );
      const visits = await loop.gather(members, { limit, returnExceptions: true });
      return pack(visits.map((visit, index) => (visit instanceof Error ? failed(urls[index] ?? '', visit) : visit)));
    },
    { args, description: 'Part of siteAudit: visits some of its URLs, a task for each.' },
  );

/** A page whose task failed is a finding about the page like any other. */
const failed = (url: string, error: Error): Visit => ({
  url,
  by: 'unknown',
  ms: 0,
  failure: { reason: 'task-failed', detail: `${error.name}: ${error.message}` },
});
