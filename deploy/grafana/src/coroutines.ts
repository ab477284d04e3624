import type { Board } from './board.ts';
import { graph, heatmap, table } from './panels.ts';
import { quantile, rate } from './queries.ts';

const selector = '{coroutine=~"$coroutine"}';
const settled = `corral_cluster_settled_total${selector}`;

export const coroutines: Board = {
  uid: 'corral-coroutines',
  title: 'Coroutines',
  description: 'What each coroutine does, how long it takes, and how it fails.',
  variable: { name: 'coroutine', metric: 'corral_cluster_settled_total' },
  rows: [
    {
      title: 'Rates and times',
      panels: [
        graph({ title: 'Settled by outcome', description: 'Counted by the store: exact.', unit: 'ops', width: 12 }, [
          {
            expr: `sum by (coroutine, outcome) (max by (coroutine, outcome) (rate(${settled}[$__rate_interval])))`,
            legend: '{{coroutine}} {{outcome}}',
          },
        ]),
        graph({ title: 'Duration p95', description: 'From the first run here to the end.', unit: 's', width: 12 }, [
          {
            expr: quantile(0.95, 'corral_task_duration_seconds', { by: 'coroutine', selector }),
            legend: '{{coroutine}}',
            exemplar: true,
          },
        ]),
        graph(
          { title: 'Time in the queue p95', description: 'From creation to the first run.', unit: 's', width: 12 },
          [
            {
              expr: quantile(0.95, 'corral_task_queue_seconds', { by: 'coroutine', selector }),
              legend: '{{coroutine}}',
              exemplar: true,
            },
          ],
        ),
        heatmap(
          { title: 'Durations', description: 'All of them: outliers that a quantile hides.', unit: 's', width: 12 },
          `sum by (le) (increase(corral_task_duration_seconds_bucket${selector}[$__rate_interval]))`,
        ),
      ],
    },
    {
      title: 'Failures and capacity',
      panels: [
        graph(
          {
            title: 'Errors by type, and retries',
            description: 'Tasks that failed on these workers, and attempts that failed and are followed by another.',
            ...{ unit: 'ops', width: 8 },
          },
          [
            { expr: rate(`corral_task_errors_total${selector}`, 'type'), legend: '{{type}}' },
            { expr: rate(`corral_task_retries_total${selector}`, 'coroutine'), legend: 'retries of {{coroutine}}' },
          ],
        ),
        graph(
          {
            title: 'Runs by reason',
            description: 'First runs, and runs that followed a lost or drained worker.',
            ...{ unit: 'ops', width: 8 },
          },
          [
            {
              expr: rate(`corral_task_starts_total${selector}`, 'coroutine, reason'),
              legend: '{{coroutine}} {{reason}}',
            },
          ],
        ),
        graph(
          {
            title: 'Slots held',
            description: 'How many slots each coroutine holds on average: what the capacity is used for.',
            ...{ unit: 'short', width: 8 },
          },
          [{ expr: rate(`corral_task_slot_seconds_total${selector}`, 'coroutine'), legend: '{{coroutine}}' }],
          { stacked: true },
        ),
        graph(
          {
            title: 'Suspensions',
            description: 'Times that a coroutine gave its slot away to wait.',
            unit: 'ops',
            width: 8,
          },
          [{ expr: rate(`corral_task_suspensions_total${selector}`, 'coroutine'), legend: '{{coroutine}}' }],
        ),
        table(
          {
            title: 'Totals in this range',
            description: 'Tasks that have ended, by coroutine and outcome.',
            ...{ unit: 'short', width: 16 },
          },
          [
            {
              expr: `sum by (coroutine, outcome) (max by (coroutine, outcome) (increase(${settled}[$__range])))`,
            },
          ],
        ),
      ],
    },
  ],
};
