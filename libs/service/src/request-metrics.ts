/** Requests of the REST API. Names and labels are those of OpenTelemetry, so that stock dashboards of HTTP know them. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { requestBuckets } from './buckets.ts';

export interface ServedRequest {
  method: string;
  /** The pattern that was matched; undefined: none was. */
  route: string | undefined;
  status: number;
  /** Without the time for which it waited for a task, as it was asked to; 0 of an event stream. */
  ms: number;
}

export interface OpenRequests {
  longPolls: number;
  streams: number;
}

export type SubmissionKind = 'task' | 'batch' | 'program';
export type SubmissionResult = 'accepted' | 'duplicate' | 'rejected' | 'failed';

export class RequestMetrics {
  readonly #requests: Histogram;
  readonly #submissions: Counter;
  #open: (() => OpenRequests) | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Requests, without the time for which they were asked to wait for a task.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
      buckets: requestBuckets,
      registers,
    });
    this.#submissions = new Counter({
      name: 'corral_submissions_total',
      help: 'Tasks, batches of tasks and programs that were sent here.',
      labelNames: ['kind', 'result'],
      registers,
    });
    for (const kind of ['task', 'batch', 'program'])
      for (const result of ['accepted', 'duplicate', 'rejected', 'failed']) this.#submissions.inc({ kind, result }, 0);
    const open = (): OpenRequests => this.#open?.() ?? { longPolls: 0, streams: 0 };
    new Gauge({
      name: 'corral_long_poll_waiters',
      help: 'Requests that wait for a task now.',
      registers,
      collect() {
        this.set(open().longPolls);
      },
    });
    new Gauge({
      name: 'corral_event_streams',
      help: 'Clients that follow a task by server-sent events now.',
      registers,
      collect() {
        this.set(open().streams);
      },
    });
  }

  watch(open: () => OpenRequests): void {
    this.#open = open;
  }

  served({ method, route, status, ms }: ServedRequest): void {
    const labels = {
      http_request_method: method,
      http_route: route ?? '_OTHER',
      http_response_status_code: String(status),
    };
    this.#requests.observe(labels, ms / 1000);
  }

  submitted(kind: SubmissionKind, result: SubmissionResult): void {
    this.#submissions.inc({ kind, result });
  }
}
