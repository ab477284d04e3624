import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * When the server closes, requests under way are answered, and the last answer cuts every connection that is left.
 * Node by itself would wait for connections that fall idle now (until their keep-alive is over) and for those that never
 * sent a byte (for ever).
 */
export function closeGracefully(fastify: FastifyInstance): void {
  let closing = false;
  let underWay = 0;
  const cutIdle = (): void => {
    if (closing && underWay === 0) fastify.server.closeAllConnections();
  };
  fastify.server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    underWay++;
    response.once('close', () => {
      underWay--;
      cutIdle();
    });
  });
  fastify.server.on('connection', (socket: Socket) => {
    if (closing) socket.destroy();
  });
  fastify.addHook('onSend', (_request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
  fastify.addHook('preClose', async () => {
    closing = true;
    cutIdle();
  });
}
