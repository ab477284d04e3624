/** A web server that never answers, and tells when somebody asks and when they have given up. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HangingServer extends AsyncDisposable {
  /** One address; `asked` and `left` resolve once each. */
  page(): { url: string; asked: Promise<void>; left: Promise<number> };
}

export async function hangingServer(): Promise<HangingServer> {
  const pages = new Map<string, { asked: () => void; left: (at: number) => void }>();
  const server = createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    page?.asked();
    response.once('close', () => page?.left(performance.now()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    page: () => {
      const path = `/${pages.size}`;
      const asked = Promise.withResolvers<void>();
      const left = Promise.withResolvers<number>();
      pages.set(path, { asked: asked.resolve, left: left.resolve });
      return { url: `http://127.0.0.1:${port}${path}`, asked: asked.promise, left: left.promise };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
