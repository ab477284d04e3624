/**
 * siteAudit.link: does this URL answer? HEAD first, which costs the server least; servers that refuse HEAD, or lie
 * about it, get a GET whose body is not read.
 */
import { coroutine } from '@corral/scheduler';
import type { Response } from 'undici';
import { z } from 'zod';
import { dropBody, type HttpClient } from '../request.ts';
import { webUrl } from '../web-url.ts';
import { userAgent } from './page.ts';
import { type Answer, answerOf, visit } from './visit.ts';

const args = z.strictObject({ url: webUrl, timeoutMs: z.int().min(1) });

export const auditLink = (client: HttpClient) =>
  coroutine(
    'siteAudit.link',
    (loop, { url, timeoutMs }) =>
      visit(client, loop.signal, { url, timeoutMs }, async (signal) => {
        const ask = async (method: 'HEAD' | 'GET'): Promise<Answer> => {
          const response: Response = await client.send(new URL(url), {
            method,
            signal,
            headers: { 'user-agent': userAgent },
          });
          await dropBody(response);
          return answerOf(response, url);
        };
        const head = await ask('HEAD');
        return head.status < 400 ? head : await ask('GET');
      }),
    { args, description: 'Part of siteAudit: checks that a URL answers, without reading it.' },
  );
