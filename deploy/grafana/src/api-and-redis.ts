import type { Board } from './board.ts';
import { graph, stat } from './panels.ts';
import { quantile, rate } from './queries.ts';

const requests = 'http_server_request_duration_seconds';

export const apiAndRedis: Board = {
  uid: 'corral-api-redis',
  title: 'API and Redis',
  description: 'Requests that come in, and calls of the store that follow.',
  rows: [
    {
      title: 'Requests',
      panels: [
        graph({ title: 'Requests', description: 'By route.', unit: 'reqps', width: 8 }, [
          { expr: rate(`${requests}_count`, 'http_route'), legend: '{{http_route}}' },
        ]),
        graph({ title: 'Answers', description: 'By status.', unit: 'reqps', width: 8 }, [
          { expr: rate(`${requests}_count`, 'http_response_status_code'), legend: '{{http_response_status_code}}' },
        ]),
        graph(
          { title: 'Duration', description: 'Without the time of long polls.', unit: 's', width: 8 },
          [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, requests), legend: `p${q * 100}` })),
        ),
        graph(
          { title: 'Submissions', description: 'Tasks and programs, by what became of them.', unit: 'ops', width: 8 },
          [{ expr: rate('corral_submissions_total', 'kind, result'), legend: '{{kind}} {{result}}' }],
        ),
        graph(
          {
            title: 'Waiting clients',
            description: 'Long polls, and clients that follow events.',
            unit: 'short',
            width: 8,
          },
          [
            { expr: 'sum (corral_long_poll_waiters)', legend: 'long polls' },
            { expr: 'sum (corral_event_streams)', legend: 'event streams' },
          ],
        ),
        graph(
          { title: 'Delay of the loop p99', description: 'How late timers of the API fire.', unit: 's', width: 8 },
          [
            {
              expr: quantile(0.99, 'corral_event_loop_delay_seconds', {
                by: 'instance',
                selector: '{job="corral-api"}',
              }),
              legend: '{{instance}}',
            },
          ],
        ),
      ],
    },
    {
      title: 'The store',
      panels: [
        stat(
          {
            title: 'Store',
            description: '0: Redis does not answer an API process.',
            unit: 'none',
            width: 4,
            height: 8,
          },
          'min (corral_store_up)',
        ),
        stat(
          {
            title: 'Not told',
            description: 'Times in this range that the store did not tell the state of the cluster.',
            ...{ unit: 'none', width: 4, height: 8 },
          },
          'sum (increase(corral_cluster_scrape_errors_total[$__range]))',
          { limits: { warn: 1, bad: 10 } },
        ),
        graph({ title: 'Calls', description: 'Scripts, by method.', unit: 'ops', width: 8 }, [
          { expr: rate('corral_store_call_seconds_count', 'method'), legend: '{{method}}' },
        ]),
        graph({ title: 'Tasks in calls', description: 'A call takes many tasks at once.', unit: 'ops', width: 8 }, [
          { expr: rate('corral_store_items_total', 'method'), legend: '{{method}}' },
        ]),
        graph({ title: 'Time of calls', description: 'p99 by method.', unit: 's', width: 12 }, [
          { expr: quantile(0.99, 'corral_store_call_seconds', { by: 'method' }), legend: '{{method}}' },
        ]),
        graph({ title: 'Failed calls', description: 'By method; the calls are made again.', unit: 'ops', width: 12 }, [
          { expr: rate('corral_store_errors_total', 'method'), legend: '{{method}}' },
        ]),
      ],
    },
  ],
};
