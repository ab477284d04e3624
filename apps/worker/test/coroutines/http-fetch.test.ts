import { createGzip, gzipSync } from 'node:zlib';
import { MockAgent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpFetch } from '../../src/coroutines/http-fetch.ts';
import { NetworkGuard } from '../../src/coroutines/network-guard.ts';
import { HttpClient } from '../../src/coroutines/request.ts';
import { call } from './call.ts';
import { serve } from './loopback.ts';

function fetcher() {
  const agent = new NetworkGuard(['127.0.0.0/8']).agent();
  onTestFinished(() => agent.destroy());
  return httpFetch(new HttpClient(agent));
}

describe('an answer', () => {
  it('has status, headers, body, size and the final URL', async () => {
    const { url } = await serve((_request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(404, { 'content-type': 'text/plain', 'x-extra': 'yes' }).end('näh');
    });
    expect(await call(fetcher(), { url: `${url}/a?b=c` })).toMatchObject({
      status: 404,
      headers: { 'content-type': 'text/plain', 'x-extra': 'yes', 'set-cookie': ['a=1', 'b=2'] },
      url: `${url}/a?b=c`,
      redirects: [],
      body: 'näh',
      bytes: 4,
      ms: expect.any(Number),
    });
  });

  it('is JSON when the content type says so, and text, base64 or nothing on demand', async () => {
    const { url } = await serve((_request, response) =>
      response.setHeader('content-type', 'application/problem+json; charset=utf-8').end('{"a":[1]}'),
    );
    const fetching = fetcher();
    const bodies = [];
    for (const as of ['auto', 'json', 'text', 'base64', 'none'] as const)
      bodies.push((await call(fetching, { url, as })).body);
    expect(bodies).toEqual([{ a: [1] }, { a: [1] }, '{"a":[1]}', 'eyJhIjpbMV19', null]);
  });

  it('that is not JSON although JSON was asked for is a ResponseNotJson', async () => {
    const { url } = await serve((_request, response) => response.end('<html>'));
    await expect(call(fetcher(), { url, as: 'json' })).rejects.toMatchObject({ name: 'ResponseNotJson' });
  });

  it('is decoded by its charset', async () => {
    const { url } = await serve((_request, response) =>
      response.setHeader('content-type', 'text/plain; charset=iso-8859-1').end(Buffer.from([0x67, 0xfc, 0x74])),
    );
    expect(await call(fetcher(), { url })).toMatchObject({ body: 'güt', bytes: 3 });
  });
});

describe('a request', () => {
  it('sends method, headers and body', async () => {
    const { url } = await serve(async (request, response) => {
      const body = await request.setEncoding('utf8').reduce((all: string, chunk: string) => all + chunk, '');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify([request.method, request.headers['x-token'], request.headers['content-type'], body]));
    });
    const fetching = fetcher();
    expect(await call(fetching, { url, method: 'PUT', headers: { 'X-Token': 't' }, json: { a: 1 } })).toMatchObject({
      body: ['PUT', 't', 'application/json', '{"a":1}'],
    });
    expect(await call(fetching, { url, method: 'POST', body: 'plain' })).toMatchObject({
      body: ['POST', null, 'text/plain;charset=UTF-8', 'plain'],
    });
  });

  it.each([
    [{ url: 'ftp://example.org/' }, 'url: must be an absolute URL that starts with http:// or https://'],
    [{ url: 'file:///etc/passwd' }, 'url: must be'],
    [{ url: 'gopher://127.0.0.1:6379/_FLUSHALL' }, 'url: must be'],
    [{ url: 'data:text/html,hello' }, 'url: must be'],
    [{ url: 'http://' }, 'url: is no URL'],
    [{ url: 'http://user@127.0.0.1/' }, 'url: must not hold a user name or password'],
    [{ url: 'http://public.example:80@127.0.0.1/' }, 'url: must not hold a user name or password'],
    [{ headers: { 'x-a': 'b\r\nx-injected: c' } }, 'headers.x-a: must be Latin-1 text without line breaks'],
    [{ headers: { 'x-a': 'b\nc' } }, 'without line breaks'],
    [{ headers: { 'x-a\r\nx-injected': 'b' } }, 'is no header name'],
    [{ headers: { Host: 'inner.example' } }, 'is set by the client itself'],
    [{ headers: { 'transfer-encoding': 'chunked' } }, 'is set by the client itself'],
    [{ body: 'a', method: 'POST', json: 1 }, 'json: give body or json, not both'],
    [{ body: 'a' }, 'method: GET and HEAD have no body'],
    [{ timeout: 5 }, 'Unrecognized key: "timeout"'],
  ] as const)('with %j is refused by the schema', async (args, message) => {
    await expect(call(fetcher(), { url: 'http://127.0.0.1:1/', ...args } as never)).rejects.toThrow(message);
  });
});

describe('the trace of the task', () => {
  const traceHeaders = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' };
  const told = async (headers: Record<string, string>) => {
    const { url } = await serve((request, response) => {
      const { traceparent, tracestate } = request.headers;
      response.end(JSON.stringify({ traceparent, tracestate }));
    });
    return (await call(fetcher(), { url, headers, as: 'json' }, undefined, traceHeaders)).body;
  };

  it('is told to who is asked', async () => {
    expect(await told({})).toEqual(traceHeaders);
  });

  it('gives way to another that the caller names', async () => {
    const traceparent = `00-${'1'.repeat(32)}-b7ad6b7169203331-01`;
    expect(await told({ Traceparent: traceparent })).toMatchObject({ traceparent });
  });
});

describe('S10 limits', () => {
  it('a body that grows beyond maxBytes by decompression is given up', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      const zip = createGzip();
      zip.pipe(response);
      const megabyte = Buffer.alloc(1 << 20);
      let left = 2000; // 2 GB of zeros in 2 MB
      const write = (): void => {
        while (left-- > 0) if (!zip.write(megabyte)) return void zip.once('drain', write);
        zip.end();
      };
      response.on('close', () => {
        left = 0;
      });
      write();
    });
    const before = process.memoryUsage().rss;
    await expect(call(fetcher(), { url, maxBytes: 5_000_000 })).rejects.toMatchObject({ name: 'ResponseTooLarge' });
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it('a body of exactly maxBytes is accepted, compressed or not', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/plain') return response.end('x'.repeat(1000));
      return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1000)));
    });
    for (const path of ['plain', 'gzip']) {
      expect(await call(fetcher(), { url: `${url}/${path}`, maxBytes: 1000 })).toMatchObject({ bytes: 1000 });
      await expect(call(fetcher(), { url: `${url}/${path}`, maxBytes: 999 })).rejects.toThrow('larger than 999 bytes');
    }
  });

  it('a server that drips, or never answers, runs into the deadline', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/never') return;
      const drip = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(drip));
    });
    for (const path of ['drip', 'never'])
      await expect(call(fetcher(), { url: `${url}/${path}`, timeoutMs: 100 })).rejects.toMatchObject({
        name: 'FetchTimeout',
        message: 'no complete answer within 100 ms',
      });
  });

  it('ends at once, with the reason, when the task is cancelled', async () => {
    const cancel = new AbortController();
    const { url } = await serve(() => cancel.abort(new RangeError('cancelled by a test')));
    await expect(call(fetcher(), { url }, cancel.signal)).rejects.toThrow('cancelled by a test');
  });

  it('a connection that fails keeps its code', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/reset') request.socket.resetAndDestroy();
      else response.writeHead(200, { 'content-length': 10 }).write('half', () => request.socket.destroy());
    });
    const fetching = fetcher();
    await expect(call(fetching, { url: `${url}/reset` })).rejects.toMatchObject({
      name: 'ConnectionFailed',
      code: 'ECONNRESET',
    });
    await expect(call(fetching, { url: `${url}/half` })).rejects.toMatchObject({ name: 'ConnectionFailed' });
    await expect(call(fetching, { url: 'http://127.0.0.1:2/' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('redirects', () => {
  it('are followed and told, with the methods of browsers', async () => {
    const { url, requests } = await serve((request, response) => {
      const [, status, left] = /^\/(\d+)\/(\d+)$/.exec(request.url ?? '') ?? [];
      if (left === undefined || left === '0') return response.end('done');
      return response.writeHead(Number(status), { location: `/${status}/${Number(left) - 1}#there` }).end();
    });
    const fetching = fetcher();
    expect(await call(fetching, { url: `${url}/302/2` })).toMatchObject({
      status: 200,
      body: 'done',
      url: `${url}/302/0#there`,
      redirects: [`${url}/302/2`, `${url}/302/1#there`],
    });
    for (const status of [301, 303, 307, 308])
      await call(fetching, { url: `${url}/${status}/1`, method: 'POST', body: 'x' });
    expect(requests.slice(3)).toEqual([
      ...['POST /301/1', 'GET /301/0', 'POST /303/1', 'GET /303/0'],
      ...['POST /307/1', 'POST /307/0', 'POST /308/1', 'POST /308/0'],
    ]);
  });

  it('without end are given up', async () => {
    const { url, requests } = await serve((_request, response) => response.writeHead(301, { location: '/' }).end());
    await expect(call(fetcher(), { url })).rejects.toMatchObject({ name: 'TooManyRedirects' });
    expect(requests).toHaveLength(6);
  });

  it('are given back as they are with maxRedirects 0', async () => {
    const { url } = await serve((_request, response) => response.writeHead(301, { location: '/x' }).end());
    expect(await call(fetcher(), { url, maxRedirects: 0 })).toMatchObject({ status: 301, headers: { location: '/x' } });
  });

  it('H3 to another origin carry no secrets', async () => {
    let seen: unknown;
    const other = await serve((request, response) => {
      seen = request.headers;
      response.end();
    });
    const { url } = await serve((request, response) =>
      response.writeHead(302, { location: request.url === '/same' ? '/out' : other.url }).end(),
    );
    const headers = { Authorization: 'Bearer s', Cookie: 'a=s', 'X-Api-Key': 's', Accept: 'text/x-test' };
    await call(fetcher(), { url: `${url}/same`, headers });
    expect(seen).toMatchObject({ accept: 'text/x-test' });
    expect(JSON.stringify(Object.keys(seen as object))).not.toMatch(/authorization|cookie|api-key/);
  });

  it('H2 from https down to http are refused', async () => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    const reply = { headers: { location: 'http://site.test/' } };
    agent.get('https://site.test').intercept({ path: '/' }).reply(302, '', reply);
    const fetching = call(httpFetch(new HttpClient(agent)), { url: 'https://site.test/' });
    await expect(fetching).rejects.toMatchObject({ name: 'RedirectRefused' });
    agent.assertNoPendingInterceptors();
  });

  it.each(['file:///etc/passwd', 'gopher://127.0.0.1/', 'http://a:b@127.0.0.1/', 'http://['])(
    'H2 to %s are refused',
    async (location) => {
      const { url } = await serve((_request, response) => response.writeHead(302, { location }).end());
      await expect(call(fetcher(), { url })).rejects.toMatchObject({ name: 'RedirectRefused' });
    },
  );
});
