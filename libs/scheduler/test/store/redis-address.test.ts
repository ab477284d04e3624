import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/store/redis-address.ts';

describe('a URL of Redis', () => {
  it('is left to the client when it names one server', () => {
    const url = 'rediss://user:pass,wo%40rd@host:6380/3';
    expect(parseRedisUrl(url)).toEqual({ kind: 'server', url });
  });

  it('names some nodes of a Redis Cluster', () => {
    expect(parseRedisUrl('rediss+cluster://user:a%40b:c@one:7000,two,[::1]:7002')).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'one', port: 7000 },
        { host: 'two', port: 6379 },
        { host: '::1', port: 7002 },
      ],
      login: { username: 'user', password: 'a@b:c' },
      tls: true,
    });
  });

  it('names Sentinels, and their name for the primary', () => {
    const url = 'redis+sentinel://:secret@one,two:26380/my%20redis/2?sentinelUsername=s&sentinelPassword=p%26q';
    expect(parseRedisUrl(url)).toEqual({
      kind: 'sentinel',
      nodes: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 26_380 },
      ],
      login: { password: 'secret' },
      tls: false,
      name: 'my redis',
      db: 2,
      sentinelLogin: { username: 's', password: 'p&q' },
    });
  });

  it.each([
    ['http://host', /begins with redis/],
    ['redis+cloud://host', /begins with redis/],
    ['redis://one:1,two:2', /is not like redis:/],
    ['redis+cluster://one:7000,two:x', /node 2 is not like host:6379/],
    ['redis+cluster://one:7000,,two', /node 2 is not/],
    ['redis+cluster://', /node 1 is not/],
    ['redis+cluster://one/3', /has no databases/],
    ['redis+cluster://one?password=geheim', /takes no parameters/],
    ['redis+cluster://user:geheim%@one', /%25/],
    ['redis+cluster://user:ge/heim@one', /has no databases/],
    ['redis+sentinel://one:26379', /the name of the primary is missing/],
    ['redis+sentinel://one/name/x', /the name of the primary is missing/],
    ['redis+sentinel://one/name?password=geheim', /are sentinelUsername and sentinelPassword/],
  ])('that is wrong says how, and never what: %s', (url, message) => {
    const parse = () => parseRedisUrl(url);
    expect(parse).toThrow(RangeError);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/geheim|heim/);
  });
});
