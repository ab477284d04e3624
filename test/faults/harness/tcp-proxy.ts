/** A TCP proxy that cuts, delays, and leads elsewhere: what lies between a process and its Redis. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  /** Milliseconds that each chunk takes more, in each direction. */
  delayMs = 0;
  /** Port that new connections lead to. */
  target: number;
  /** Bytes after which the next connection is cut, in the middle of whatever it is. */
  #cutAfter: number | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  passed = 0;
  cuts = 0;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #serve(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (chunk: Buffer) => this.#pass(chunk, to, end));
      from.on('error', end);
      from.on('close', () => {
        this.#sockets.delete(from);
        end();
      });
    }
  }

  #pass(chunk: Buffer, to: Socket, end: () => void): void {
    this.passed += chunk.length;
    const left = this.#cutAfter;
    if (left !== undefined && chunk.length >= left) {
      this.#cutAfter = undefined;
      this.cuts += 1;
      to.write(chunk.subarray(0, left), end);
      return;
    }
    if (left !== undefined) this.#cutAfter = left - chunk.length;
    if (this.delayMs === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), this.delayMs);
  }

  /** Cuts whichever connection carries the byte with this number from now. */
  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
