import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problem/problem.ts';

/** The routes that an application serves: path to methods. Watches from the moment it is made. */
export class RouteTable {
  readonly #methods = new Map<string, Set<string>>();
  readonly #fastify: FastifyInstance;
  #complete = false;

  constructor(fastify: FastifyInstance) {
    this.#fastify = fastify;
    fastify.addHook('onRoute', ({ url, method }) => {
      if (this.#complete) return;
      const known = this.#methods.get(url) ?? new Set();
      for (const name of [method].flat()) known.add(name);
      this.#methods.set(url, known);
    });
  }

  entries(): { path: string; methods: string[] }[] {
    return [...this.#methods].map(([path, methods]) => ({ path, methods: [...methods].sort() }));
  }

  /** Answers 405 to every other method of these routes; call when the last of them is there. */
  refuseOtherMethods(): void {
    this.#complete = true;
    for (const { path, methods } of this.entries()) {
      const refuse = async (): Promise<never> => {
        throw new ProblemError('method-not-allowed', { headers: { allow: methods.join(', ') } });
      };
      const others = this.#fastify.supportedMethods.filter((method) => !methods.includes(method));
      // Before the body is read: whatever it is, the method is wrong.
      this.#fastify.route({ method: others, url: path, onRequest: refuse, handler: refuse });
    }
  }
}
