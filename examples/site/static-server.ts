/** A small web server for resources that are known by path; it can misbehave on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface Resource {
  /** 200, or 302 with a location. */
  status?: number;
  type?: string;
  body?: string | Uint8Array;
  location?: string;
  /** `hang`: never answers. `reset`: drops the connection. `cut`: drops it in the middle of the body. */
  trouble?: 'hang' | 'reset' | 'cut';
  /** Answers HEAD with 405, as some servers do. */
  refusesHead?: boolean;
}

export interface StaticServer {
  /** Without a slash at the end. */
  url: string;
  close(): Promise<void>;
}

/** `find` gets path and query as they were asked for, percent-encoded. */
export async function serveResources(
  find: (path: string) => Resource | undefined | Promise<Resource | undefined>,
  port = 0,
  host = '127.0.0.1',
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    Promise.resolve(find(request.url ?? '/')).then(
      (resource) => answer(request, response, resource ?? { status: 404, body: 'There is nothing here.' }),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, resource: Resource): void {
  const { status, type = 'text/plain; charset=utf-8', body = '', location, trouble, refusesHead } = resource;
  if (trouble === 'hang') return;
  if (trouble === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  if (request.method === 'HEAD' && refusesHead === true) {
    response.writeHead(405, { allow: 'GET' }).end();
    return;
  }
  if (location !== undefined) response.setHeader('location', location);
  response.setHeader('content-type', type);
  const plain = Buffer.from(body);
  const zipped =
    plain.length > 1000 && /^text\//.test(type) && /\bgzip\b/.test(String(request.headers['accept-encoding']));
  if (zipped) response.setHeader('content-encoding', 'gzip');
  const bytes = zipped ? gzipSync(plain) : plain;
  response.writeHead(status ?? (location === undefined ? 200 : 302), { 'content-length': bytes.length });
  if (request.method === 'HEAD') response.end();
  else if (trouble === 'cut') response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.destroy());
  else response.end(bytes);
}
