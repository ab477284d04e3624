import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NetworkGuard } from '../../../src/coroutines/network-guard.ts';
import { HttpClient } from '../../../src/coroutines/request.ts';
import { auditLink } from '../../../src/coroutines/site-audit/link.ts';
import { auditPage } from '../../../src/coroutines/site-audit/page.ts';
import { call } from '../call.ts';
import { serve } from '../loopback.ts';

function visitors(allow = ['127.0.0.0/8']) {
  const agent = new NetworkGuard(allow).agent();
  onTestFinished(() => agent.destroy());
  const client = new HttpClient(agent);
  const [page, link] = [auditPage(client), auditLink(client)];
  return {
    page: (url: string, maxBytes = 1e6) => call(page, { url, origin: new URL(url).origin, timeoutMs: 2000, maxBytes }),
    link: (url: string, timeoutMs = 2000) => call(link, { url, timeoutMs }),
  };
}

describe('a page', () => {
  it('is read: links without the origin, anchors, decompressed size, time and worker', async () => {
    const html = '<meta charset="iso-8859-1"><h1 id="\xfc"><a href="/a"><a href="http://other.test/b"></h1>';
    const { url } = await serve((_request, response) =>
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.from(html, 'latin1'))),
    );
    expect(await visitors().page(`${url}/`)).toEqual({
      url: `${url}/`,
      by: expect.stringMatching(new RegExp(`^.+:${process.pid}$`)),
      ms: expect.any(Number),
      status: 200,
      bytes: html.length,
      contents: {
        links: { link: ['/a', 'http://other.test/b'] },
        ...{ anchors: ['ü'], skipped: {}, invalid: [], truncated: false },
      },
    });
  });

  it('that is not HTML is left after its headers, however long it is', async () => {
    let sent = 0;
    const { url } = await serve((request, response) => {
      response.writeHead(request.method === 'HEAD' ? 405 : 200, { 'content-type': 'video/webm' });
      if (request.method === 'HEAD') return response.end();
      const more = (): void => {
        for (let room = true; room && sent < 1e9; sent += 65536) room = response.write(Buffer.alloc(65536));
      };
      response.on('drain', more);
      return more();
    });
    const { page, link } = visitors();
    expect(await page(`${url}/`)).toMatchObject({ status: 200 });
    expect(await page(`${url}/`)).not.toHaveProperty('contents');
    expect(await link(`${url}/`)).toMatchObject({ status: 200 });
    expect(sent).toBeLessThan(100e6); // what fits into the buffers of the connections
  });

  it('that redirects is not followed', async () => {
    const { url, requests } = await serve((request, response) =>
      response.writeHead(301, { location: request.url === '/a' ? 'b/../c#d' : 'ftp://files.test/' }).end(),
    );
    const { page } = visitors();
    expect(await page(`${url}/a`)).toMatchObject({ status: 301, location: `${url}/c#d` });
    expect(await page(`${url}/b`)).toMatchObject({ failure: { reason: 'bad-redirect' } });
    expect(requests).toEqual(['GET /a', 'GET /b']);
  });

  it('that is too large is a finding, and one of an error is not read', async () => {
    const { url } = await serve((request, response) =>
      response
        .writeHead(request.url === '/500' ? 500 : 200, { 'content-type': 'text/html' })
        .end('<a href=x>'.repeat(200)),
    );
    const { page } = visitors();
    expect(await page(`${url}/`, 1999)).toMatchObject({ failure: { reason: 'too-large' } });
    const { contents } = await page(`${url}/`, 2000);
    expect(contents?.links).toEqual({ link: ['/x'] });
    const failed = await page(`${url}/500`);
    expect([failed.status, failed.contents]).toEqual([500, undefined]);
  });
});

describe('a link', () => {
  it('is asked for by HEAD, and by GET only when HEAD says no', async () => {
    const { url, requests } = await serve((request, response) => {
      const good = request.method === 'HEAD' ? ['/a'] : ['/a', '/b'];
      response.writeHead(good.includes(request.url ?? '') ? 200 : 405).end();
    });
    const { link } = visitors();
    const seen = await Promise.all(['/a', '/b', '/c'].map(async (path) => (await link(url + path)).status));
    expect(seen).toEqual([200, 200, 405]);
    expect(requests.sort()).toEqual(['GET /b', 'GET /c', 'HEAD /a', 'HEAD /b', 'HEAD /c']);
  });

  it('whose connection drops is asked for once more', async () => {
    const { url, requests } = await serve((request, response) => {
      if (requests.length === 1 || request.url === '/b') request.socket.resetAndDestroy();
      else response.end();
    });
    const { link } = visitors();
    expect(await link(`${url}/a`)).toMatchObject({ status: 200 });
    expect(await link(`${url}/b`)).toMatchObject({ failure: { reason: 'connection-reset' } });
    expect(requests).toEqual(['HEAD /a', 'HEAD /a', 'HEAD /b', 'HEAD /b']);
  });

  it('that fails says why', async () => {
    const { url, port } = await serve((request, response) => {
      if (request.url === '/garbage') request.socket.end('this is not HTTP\r\n\r\n');
      if (request.url === '/odd') response.writeHead(302, { location: 'http://[' }).end();
    });
    const { link } = visitors();
    const reason = async (target: string) => (await link(target, 300)).failure?.reason;
    expect(await reason(`${url}/never`)).toBe('timeout');
    expect(await reason(`${url}/garbage`)).toBe('connection-failed');
    expect(await reason(`${url}/odd`)).toBe('bad-redirect');
    expect(await reason('http://127.0.0.1:2/')).toBe('connection-refused');
    expect(await reason(`https://127.0.0.1:${port}/`)).toBe('tls');
    expect((await visitors([]).link(url)).failure?.reason).toBe('address-refused');
  });
});
