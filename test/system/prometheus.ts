/** A Prometheus of Debian's package as a child process, with the rules that are shipped. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../scripts/child.ts';
import { freePort } from '../../scripts/free-port.ts';

export const isInstalled = spawnSync('prometheus', ['--version']).error === undefined;

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

interface Vector {
  data: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] };
}

export class Prometheus {
  readonly url: string;
  readonly #child: Child;

  /** `targets`: addresses by the name of the job. */
  static async start(home: string, rules: string, targets: Record<string, readonly string[]>): Promise<Prometheus> {
    const port = await freePort();
    mkdirSync(home, { recursive: true });
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [join(rules, '*.yml')],
      scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
        job_name: job,
        static_configs: [{ targets: addresses }],
      })),
    };
    const file = join(home, 'prometheus.yml');
    writeFileSync(file, JSON.stringify(config)); // JSON is YAML
    return new Prometheus(port, home, file);
  }

  private constructor(port: number, home: string, file: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#child = new Child({
      name: 'prometheus',
      command: 'prometheus',
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(home, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--enable-feature=exemplar-storage',
      ],
      log: join(home, 'prometheus.log'),
    });
  }

  /** An instant query. */
  async query(expr: string): Promise<Sample[]> {
    const { data } = await this.#get<Vector>('query', { query: expr });
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** The one value of a query; NaN when there is none. */
  async value(expr: string): Promise<number> {
    return (await this.query(expr))[0]?.value ?? Number.NaN;
  }

  async labelValues(metric: string, label: string): Promise<string[]> {
    return (await this.#get<{ data: string[] }>(`label/${label}/values`, { 'match[]': metric })).data;
  }

  /** Labels of the exemplars of a metric in the last ten minutes. */
  async exemplars(metric: string): Promise<Record<string, string>[]> {
    const now = Date.now() / 1000;
    const range = { start: String(now - 600), end: String(now) };
    const { data } = await this.#get<{ data: { exemplars: { labels: Record<string, string> }[] }[] }>(
      'query_exemplars',
      { query: metric, ...range },
    );
    return data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels));
  }

  async #get<Answer>(path: string, parameters: Record<string, string>): Promise<Answer> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${parameters['query'] ?? path}: ${text}`);
    return JSON.parse(text) as Answer;
  }

  stop(): Promise<void> {
    return this.#child.stop(5_000);
  }
}
