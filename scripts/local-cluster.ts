/**
 * One API and some workers, each a process of its own on this machine.
 *
 * Until all are ready the death of any is the end of the start. Later a worker may die and the others take over its
 * tasks, which is what Corral is for; without the API or without any worker there is no cluster left.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';
import { freePort } from './free-port.ts';

const readyTimeoutMs = 60_000;
const pollMs = 100;

export interface Node {
  child: Child;
  /** Of its HTTP server. */
  url: string;
}

export interface LocalClusterOptions {
  root: string;
  logs: string;
  env: NodeJS.ProcessEnv;
  host: string;
  port: number;
  workers: number;
  /** Of the first worker; the others follow. 0: any free ones. */
  workerPort: number;
  /** Milliseconds that each process may take to end. */
  shutdownMs: number;
  say: (message: string) => void;
}

export class LocalCluster {
  readonly api: Node;
  readonly workers: readonly Node[];
  /** Rejects when the cluster cannot go on; the message tells which process ended, how, and the end of its log. */
  readonly broken: Promise<never>;
  readonly #break: (error: Error) => void;
  readonly #options: LocalClusterOptions;
  #ready = false;
  #stopping = false;

  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { host, workerPort, workers } = options;
    const ports = await Promise.all(
      Array.from({ length: workers }, (_, i) => freePort(workerPort === 0 ? 0 : workerPort + i, host)),
    );
    return new LocalCluster(options, ports);
  }

  private constructor(options: LocalClusterOptions, workerPorts: readonly number[]) {
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    this.broken = promise;
    this.#break = reject;
    promise.catch(() => {}); // whoever waits for it is told; nobody may be waiting yet
    this.api = this.#run('api', 'apps/api/dist/main.js', 'PORT', options.port);
    this.workers = workerPorts.map((port, i) =>
      this.#run(`worker-${i + 1}`, 'apps/worker/dist/main.js', 'WORKER_PORT', port),
    );
  }

  #run(name: string, program: string, variable: string, port: number): Node {
    const { root, logs, env, host } = this.#options;
    const child = new Child({
      name,
      command: process.execPath,
      args: ['--enable-source-maps', join(root, program)],
      cwd: root,
      env: { ...env, [variable]: String(port) },
      log: join(logs, `${name}.log`),
    });
    void child.ended.then((how) => this.#ended(child, how));
    return { child, url: `http://${reachable(host)}:${port}` };
  }

  #ended(child: Child, how: string): void {
    if (this.#stopping) return;
    const text = `${child.name} (pid ${child.pid}) ended with ${how}. The end of ${child.log}:\n${child.tail()}`;
    const left = this.workers.filter((worker) => worker.child.running).length;
    if (!this.#ready || child === this.api.child || left === 0) this.#break(new Error(text));
    else this.#options.say(`${text}\nIts tasks go to the ${left} left.`);
  }

  async untilReady(): Promise<void> {
    await Promise.race([Promise.all([this.api, ...this.workers].map(untilReady)), this.broken]);
    this.#ready = true;
  }

  /** Workers hand over what they run, then all are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const graceMs = this.#options.shutdownMs + 2000;
    const running = [this.api, ...this.workers].filter(({ child }) => child.running);
    await Promise.all(running.map(({ child }) => child.stop(graceMs)));
  }
}

/** An address to listen on need not be one to connect to. */
const reachable = (host: string): string =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;

async function untilReady({ child, url }: Node): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  let reason = 'no answer';
  while (child.running) {
    try {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) });
      reason = await answer.text();
      if (answer.ok) return;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline) throw new Error(`${child.name} is not ready: ${reason}\n${child.tail()}`);
    await sleep(pollMs);
  }
}
