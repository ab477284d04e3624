/**
 * Where Redis is, as a URL says it:
 *
 *     redis://user:password@host:6379/0                      one server; rediss:// with TLS, as everywhere below
 *     redis+cluster://user:password@host:7000,host:7001      a Redis Cluster, by some of its nodes
 *     redis+sentinel://user:password@host:26379,host/name/0  the primary that Sentinels call `name`
 *         ?sentinelUsername=..&sentinelPassword=..           for the Sentinels themselves, when they ask for it
 *
 * No message holds any of the URL: it may hold a password, and a broken one may hold it anywhere.
 */

export interface Node {
  host: string;
  port: number;
}

export interface Login {
  username?: string;
  password?: string;
}

export type RedisAddress =
  | { kind: 'server'; url: string }
  | { kind: 'cluster'; nodes: Node[]; login: Login; tls: boolean }
  | { kind: 'sentinel'; nodes: Node[]; login: Login; tls: boolean; name: string; db: number; sentinelLogin: Login };

const shape = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/;
const clusterPort = 6379;
const sentinelPort = 26_379;

/** @throws RangeError */
export function parseRedisUrl(url: string): RedisAddress {
  const [, scheme, kind, login = '', nodes = '', path = '', query = ''] = shape.exec(url) ?? [];
  if (scheme === undefined)
    throw new RangeError('REDIS_URL begins with redis://, redis+cluster:// or redis+sentinel://, or rediss for TLS');
  const tls = scheme === 'rediss';
  if (kind === 'cluster') {
    if (path !== '' && path !== '0')
      throw new RangeError('REDIS_URL: a Redis Cluster has no databases: leave out what follows "/"');
    if (query !== '')
      throw new RangeError('REDIS_URL: redis+cluster:// takes no parameters: leave out what follows "?"');
    return { kind, nodes: nodesOf(nodes, clusterPort), login: loginOf(login), tls };
  }
  if (kind === 'sentinel') {
    const [, name, db = '0'] = /^([^/]+)(?:\/(\d{1,4}))?$/.exec(path) ?? [];
    if (name === undefined)
      throw new RangeError(
        'REDIS_URL: the name of the primary is missing: redis+sentinel://host:26379,host:26379/name',
      );
    const own = { login: loginOf(login), sentinelLogin: sentinelLoginOf(query) };
    return { kind, nodes: nodesOf(nodes, sentinelPort), ...own, tls, name: decoded(name), db: Number(db) };
  }
  if (!URL.canParse(url)) throw new RangeError('REDIS_URL is not like redis://user:password@host:6379/0');
  return { kind: 'server', url };
}

function nodesOf(text: string, defaultPort: number): Node[] {
  return text.split(',').map((node, index) => {
    const url = URL.parse(`redis://${node}`);
    if (url === null || url.hostname === '' || url.username !== '' || url.pathname !== '')
      throw new RangeError(`REDIS_URL: node ${index + 1} is not like host:6379`);
    return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? defaultPort : Number(url.port) };
  });
}

function loginOf(text: string): Login {
  const [username = '', ...password] = text.split(':');
  return login(decoded(username), decoded(password.join(':')));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new RangeError('REDIS_URL: a "%" that stands for itself is written %25', { cause: error });
  }
}

function sentinelLoginOf(query: string): Login {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys())
    if (name !== 'sentinelUsername' && name !== 'sentinelPassword')
      throw new RangeError('REDIS_URL: the parameters of redis+sentinel:// are sentinelUsername and sentinelPassword');
  return login(parameters.get('sentinelUsername') ?? '', parameters.get('sentinelPassword') ?? '');
}

const login = (username: string, password: string): Login => ({
  ...(username === '' ? {} : { username }),
  ...(password === '' ? {} : { password }),
});
