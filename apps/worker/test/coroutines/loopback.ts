/** A server on the loopback interface that counts what reaches it; it ends with the test. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Loopback {
  url: string;
  port: number;
  /** TCP connections accepted so far. */
  connections: number;
  /** `METHOD /path`, in order. */
  requests: string[];
}

export async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<Loopback> {
  const server = createServer((request, response) => {
    loopback.requests.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  const loopback: Loopback = { url: '', port: 0, connections: 0, requests: [] };
  server.on('connection', () => {
    loopback.connections += 1;
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  loopback.port = (server.address() as AddressInfo).port;
  loopback.url = `http://${host}:${loopback.port}`;
  return loopback;
}
