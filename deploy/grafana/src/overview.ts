import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Board } from './board.ts';
import { graph, stat, table } from './panels.ts';
import { fact, factRate, quantile, rate } from './queries.ts';

const settled = (outcome = ''): string =>
  `sum (max by (coroutine, outcome) (rate(corral_cluster_settled_total${outcome}[$__rate_interval])))`;

export const overview: Board = {
  uid: 'corral-overview',
  title: 'Overview',
  description: 'Is anything stuck, for how long, and why; then how much is going on.',
  rows: [
    {
      title: 'Is anything stuck, for how long, why',
      panels: [
        stat(
          {
            title: 'Stuck',
            description: 'How many of the known reasons for standing still hold now; the table says which.',
            ...{ unit: 'none', width: 4, height: 8 },
          },
          'sum(corral:stuck)',
          {
            limits: { warn: 1, bad: 2 },
            mappings: [
              { type: MappingType.ValueToText, options: { '0': { text: 'nothing', color: 'green', index: 0 } } },
            ],
          },
        ),
        stat(
          {
            title: 'For how long',
            description: 'Age of the oldest task that could start, or that no worker can run.',
            ...{ unit: 's', width: 4, height: 8 },
          },
          fact('corral_cluster_oldest_pending_seconds'),
          { limits: { warn: 10, bad: 60 } },
        ),
        stat(
          {
            title: 'Longest run without a wait',
            description: 'A coroutine holds its slot for so long: it computes, or waits for plain I/O.',
            ...{ unit: 's', width: 4, height: 8 },
          },
          'max (corral_worker_longest_slot_seconds)',
          { limits: { warn: 300, bad: 3600 } },
        ),
        table(
          {
            title: 'Why',
            description: 'Each reason for which tasks stand still, and whether it holds.',
            ...{ unit: 'none', width: 7 },
          },
          [{ expr: 'sum by (reason) (corral:stuck)' }],
          {
            mappings: [
              {
                type: MappingType.ValueToText,
                options: {
                  '0': { text: 'no', color: 'green', index: 0 },
                  '1': { text: 'YES', color: 'red', index: 1 },
                },
              },
            ],
          },
        ),
        table(
          {
            title: 'No worker has the coroutine',
            description: 'Tasks that no live worker can run. _OTHER: names that no worker ever had.',
            ...{ unit: 'none', width: 5 },
          },
          [{ expr: fact('corral_cluster_unroutable_tasks', 'coroutine') }],
        ),
      ],
    },
    {
      title: 'Now',
      panels: [
        stat(
          { title: 'Workers', description: 'Workers that take tasks.', unit: 'none', width: 3 },
          fact('corral_cluster_workers{state="up"}'),
        ),
        stat(
          { title: 'Slots in use', description: 'Share of the slots of all workers.', unit: 'percentunit', width: 3 },
          `${fact('corral_cluster_slots_in_use')} / ${fact('corral_cluster_slots')}`,
          { limits: { warn: 0.9, bad: 1 } },
        ),
        stat(
          { title: 'Queued', description: 'Tasks that could start now if there were slots.', unit: 'short', width: 3 },
          fact('corral_cluster_queued_tasks'),
        ),
        stat({ title: 'Settled', description: 'Tasks that end, of any outcome.', unit: 'ops', width: 3 }, settled()),
        stat(
          { title: 'Failed', description: 'Share of the tasks that end.', unit: 'percentunit', width: 3 },
          `${settled('{outcome="failed"}')} / clamp_min(${settled()}, 0.001)`,
          { limits: { warn: 0.01, bad: 0.05 } },
        ),
        stat(
          {
            title: 'Late timers',
            description: 'How late the next timer is: a second at most while a worker lives.',
            ...{ unit: 's', width: 3 },
          },
          fact('corral_cluster_late_timer_seconds'),
          { limits: { warn: 2, bad: 5 } },
        ),
        stat(
          {
            title: 'Workers lost',
            description: 'Workers that the cluster has given up in the last hour.',
            ...{ unit: 'none', width: 3 },
          },
          fact('corral_cluster_workers{state="lost"}'),
          { limits: { warn: 1, bad: 5 } },
        ),
        stat(
          { title: 'Store', description: '1: Redis answers the API.', unit: 'none', width: 3 },
          fact('corral_store_up'),
        ),
      ],
    },
    {
      title: 'Flow',
      panels: [
        graph({ title: 'Settled tasks', description: 'By outcome, of the whole cluster.', unit: 'ops', width: 8 }, [
          {
            expr: factRate('corral_cluster_settled_total', 'coroutine, outcome', 'outcome'),
            legend: '{{outcome}}',
          },
          { expr: 'max (rate(corral_cluster_created_total[$__rate_interval]))', legend: 'created' },
        ]),
        graph(
          { title: 'Live tasks', description: 'Unsettled tasks by state.', unit: 'short', width: 8 },
          [{ expr: fact('corral_cluster_tasks', 'state'), legend: '{{state}}' }],
          { stacked: true },
        ),
        graph(
          { title: 'Slots', description: 'What the workers could run, and what they run.', unit: 'short', width: 8 },
          [
            { expr: fact('corral_cluster_slots'), legend: 'slots' },
            { expr: fact('corral_cluster_slots_in_use'), legend: 'in use' },
            { expr: fact('corral_cluster_queued_tasks'), legend: 'queued' },
          ],
        ),
        graph(
          {
            title: 'Time in the queue',
            description: 'From the creation of a task to its first run. Look here first when things are slow.',
            ...{ unit: 's', width: 8 },
          },
          [0.5, 0.95, 0.99].map((q) => ({
            expr: quantile(q, 'corral_task_queue_seconds'),
            legend: `p${q * 100}`,
            exemplar: true,
          })),
        ),
        graph(
          {
            title: 'Requests',
            description: 'REST, without the time of long polls: p95 by route.',
            unit: 's',
            width: 8,
          },
          [
            {
              expr: quantile(0.95, 'http_server_request_duration_seconds', { by: 'http_route' }),
              legend: '{{http_route}}',
            },
          ],
        ),
        graph({ title: 'Store', description: 'Calls of the store: p99 by method.', unit: 's', width: 8 }, [
          { expr: quantile(0.99, 'corral_store_call_seconds', { by: 'method' }), legend: '{{method}}' },
        ]),
        graph(
          {
            title: 'Trees kept',
            description: 'Task trees in Redis, settled ones included.',
            ...{ unit: 'short', width: 12 },
          },
          [{ expr: fact('corral_cluster_trees'), legend: 'trees' }],
        ),
        graph({ title: 'Starts', description: 'Runs that workers began, by reason.', unit: 'ops', width: 12 }, [
          { expr: rate('corral_task_starts_total', 'reason'), legend: '{{reason}}' },
        ]),
      ],
    },
  ],
};
