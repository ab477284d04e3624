import type { LookupAddress } from 'node:dns';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpFetch } from '../../src/coroutines/http-fetch.ts';
import { NetworkGuard } from '../../src/coroutines/network-guard.ts';
import { HttpClient } from '../../src/coroutines/request.ts';
import { call } from './call.ts';
import { serve } from './loopback.ts';

function fetcher(allow: string[], addresses?: () => LookupAddress[]) {
  const agent = new NetworkGuard(allow).agent(
    addresses === undefined ? undefined : (_host, _options, callback) => callback(null, addresses()),
  );
  onTestFinished(() => agent.destroy());
  return httpFetch(new HttpClient(agent));
}

describe('N2 the verdict on an address', () => {
  const guard = new NetworkGuard([]);

  it.each([
    ...[
      '0.0.0.0',
      '0.1.2.3',
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
    ],
    ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.1.1', '198.18.0.1', '224.0.0.1', '240.0.0.1'],
    ...['255.255.255.255', '::', '::1', '::ffff:10.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1'],
    ...['64:ff9b:1::a00:1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '4000::1', '5f00::1'],
    ...['fc00::1', 'fd00:ec2::254', 'fe80::1', 'fec0::1', 'ff02::1'],
  ])('refuses %s', (address) => {
    expect(guard.refusal(address)).toEqual(expect.any(String));
  });

  it.each(['1.1.1.1', '172.32.0.1', '192.167.255.255', '2606:4700::1111', '2a00:1450::1', '::ffff:1.1.1.1'])(
    'lets %s pass',
    (address) => {
      expect(guard.refusal(address)).toBeUndefined();
    },
  );

  it('lets an allowed network pass, and nothing beside it', () => {
    const allowing = new NetworkGuard(['10.1.0.0/16', '::1/128']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', '::1'].map((address) => allowing.refusal(address))).toEqual(
      Array(3).fill(undefined),
    );
    expect(['10.2.0.1', '127.0.0.1', 'fe80::1'].map((address) => allowing.refusal(address))).toEqual([
      'private',
      'loopback',
      'linkLocal',
    ]);
  });

  it.each(['10.0.0.1', '10.0.0.0/33', 'localhost', '', '::ffff:10.0.0.0/104'])(
    'takes no network written as "%s"',
    (text) => {
      expect(() => new NetworkGuard([text])).toThrow(`"${text}"`);
    },
  );
});

describe('N1 refused before a connection is made', () => {
  it.each([
    ...['127.0.0.1', '127.1', '0x7f.1', '0x7f000001', '2130706433', '017700000001', '0.0.0.0', '0', '127.0.0.1.'],
    ...['localhost', 'localhost.', 'LOCALHOST', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::]', '①②⑦.0.0.1'],
  ])('http://%s', async (host) => {
    const loopback = await serve((_request, response) => response.end('secret'));
    const fetching = call(fetcher([]), { url: `http://${host}:${loopback.port}/`, timeoutMs: 5000 });
    await expect(fetching).rejects.toMatchObject({ name: 'AddressRefused' });
    expect(loopback.connections).toBe(0);
  });

  it.each(['http://[::ffff:10.0.0.1]/', 'http://[fd00::1]/', 'http://169.254.169.254/latest/meta-data/'])(
    '%s',
    async (url) => {
      await expect(call(fetcher([]), { url, timeoutMs: 2000 })).rejects.toMatchObject({ name: 'AddressRefused' });
    },
  );

  it('a redirect to a refused address', async () => {
    const inner = await serve((_request, response) => response.end('secret'), '127.0.0.2');
    const outer = await serve((_request, response) => response.writeHead(302, { location: `${inner.url}/` }).end());
    await expect(call(fetcher(['127.0.0.1/32']), { url: outer.url })).rejects.toMatchObject({
      name: 'AddressRefused',
      message: expect.stringContaining('127.0.0.2'),
    });
    expect([outer.connections, inner.connections]).toEqual([1, 0]);
  });

  it('a name that resolves to refused addresses only; of several addresses the refused ones are left out', async () => {
    const loopback = await serve((_request, response) => response.end('hello'));
    const url = `http://rebound.test:${loopback.port}/`;
    const refused = call(
      fetcher([], () => [{ address: '127.0.0.1', family: 4 }]),
      { url },
    );
    await expect(refused).rejects.toThrow('rebound.test (127.0.0.1) is not a public address (loopback)');
    expect(loopback.connections).toBe(0);
    const mixed = fetcher(['127.0.0.1/32'], () => [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
    expect(await call(mixed, { url })).toMatchObject({ status: 200, body: 'hello' });
  });

  it('a name that changes its address between two connections (DNS rebinding)', async () => {
    const hidden = await serve((_request, response) => response.end('secret'), '127.0.0.2');
    const answers = ['127.0.0.1', '127.0.0.2'];
    const fetching = fetcher(['127.0.0.1/32'], () => [{ address: answers.shift() ?? '', family: 4 }]);
    const open = await serve((_request, response) => response.setHeader('connection', 'close').end('hello'));
    expect(await call(fetching, { url: `http://rebound.test:${open.port}/` })).toMatchObject({ body: 'hello' });
    await expect(call(fetching, { url: `http://rebound.test:${hidden.port}/` })).rejects.toMatchObject({
      name: 'AddressRefused',
    });
    expect(answers).toEqual([]);
    expect(hidden.connections).toBe(0);
  });
});
