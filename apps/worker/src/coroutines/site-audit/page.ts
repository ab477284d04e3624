/** siteAudit.page: reads one page of the audited host. A redirect is told and not followed: its target has its own task. */
import { coroutine } from '@corral/scheduler';
import { z } from 'zod';
import { decodeText } from '../charset.ts';
import { dropBody, type HttpClient, readBody } from '../request.ts';
import { webUrl } from '../web-url.ts';
import { readPage } from './page-contents.ts';
import { shortened } from './section-pack.ts';
import { answerOf, visit } from './visit.ts';

export const userAgent = 'corral-site-audit';

const args = z.strictObject({
  url: webUrl,
  origin: z.string().describe('left out of the links in the result'),
  timeoutMs: z.int().min(1),
  maxBytes: z.int().min(1),
});

export const auditPage = (client: HttpClient) =>
  coroutine(
    'siteAudit.page',
    (loop, { url, origin, timeoutMs, maxBytes }) =>
      visit(client, loop.signal, { url, timeoutMs }, async (signal) => {
        const accept = 'text/html, application/xhtml+xml, */*;q=0.8';
        const headers = { accept, 'user-agent': userAgent, ...loop.traceHeaders };
        const response = await client.send(new URL(url), { signal, headers });
        const answer = answerOf(response, url);
        const type = response.headers.get('content-type') ?? '';
        if (!response.ok || !/^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(type)) {
          await dropBody(response);
          return answer;
        }
        const body = await readBody(response, maxBytes);
        const contents = readPage(decodeText(body, type), url);
        return { ...answer, bytes: body.byteLength, contents: shortened(contents, origin) };
      }),
    { args, description: 'Part of siteAudit: reads one page, answers its links and anchors.' },
  );
