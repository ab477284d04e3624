import type { Board } from './board.ts';
import { graph, heatmap, stat } from './panels.ts';
import { fact, quantile, rate } from './queries.ts';

const quantiles = (histogram: string) =>
  [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, histogram), legend: `p${q * 100}` }));

export const gathers: Board = {
  uid: 'corral-gathers',
  title: 'Gathers and durability',
  description: 'What coordination between nodes costs, and what surviving crashes costs.',
  rows: [
    {
      title: 'Gathers',
      panels: [
        stat(
          { title: 'Open gathers', description: 'Gathers that are not decided yet.', unit: 'short', width: 4 },
          fact('corral_cluster_open_gathers'),
        ),
        stat(
          {
            title: 'Suspended',
            description: 'Tasks that wait for the loop and hold no slot.',
            unit: 'short',
            width: 4,
          },
          fact('corral_cluster_tasks{state="suspended"}'),
        ),
        stat(
          {
            title: 'Fan-in p99',
            description: 'From the end of the deciding member to the results at the parent, by the clock of the store.',
            ...{ unit: 's', width: 4 },
          },
          quantile(0.99, 'corral_gather_fanin_seconds'),
          { limits: { warn: 0.5, bad: 1 } },
        ),
        stat(
          {
            title: 'Histories that do not fit',
            description: 'NonDeterminismError: the code went another way in replay. Must stay 0.',
            ...{ unit: 'none', width: 4 },
          },
          'sum (increase(corral_nondeterminism_errors_total[$__range]))',
          { limits: { warn: 0.1, bad: 1 } },
        ),
        stat(
          { title: 'Taken back', description: 'Tasks of workers that were gone.', unit: 'short', width: 4 },
          'max (increase(corral_cluster_recovered_total[$__range]))',
          { limits: { warn: 1, bad: 1000 } },
        ),
        stat(
          {
            title: 'On their way to others',
            description: 'Tasks whose worker is gone and that nobody has taken over yet.',
            ...{ unit: 'short', width: 4 },
          },
          fact('corral_cluster_orphaned_tasks'),
          { limits: { warn: 1, bad: 1000 } },
        ),
        graph(
          { title: 'Fan-in', description: 'The price of coordination across nodes.', unit: 's', width: 8 },
          quantiles('corral_gather_fanin_seconds'),
        ),
        graph({ title: 'Gathers', description: 'Gathers that went on, by outcome.', unit: 'ops', width: 8 }, [
          { expr: rate('corral_gather_duration_seconds_count', 'outcome'), legend: '{{outcome}}' },
        ]),
        graph(
          {
            title: 'Duration of gathers',
            description: 'From the start of a gather to its results.',
            unit: 's',
            width: 8,
          },
          quantiles('corral_gather_duration_seconds'),
        ),
        heatmap(
          { title: 'Members', description: 'Sizes of gathers.', unit: 'short', width: 12 },
          'sum by (le) (increase(corral_gather_members_bucket[$__rate_interval]))',
        ),
        graph({ title: 'Operations of the loop', description: 'What coroutines ask for.', unit: 'ops', width: 12 }, [
          { expr: rate('corral_operations_total', 'op'), legend: '{{op}}' },
        ]),
      ],
    },
    {
      title: 'Durability',
      panels: [
        graph(
          {
            title: 'Back on a slot',
            description: 'From the moment when a suspended coroutine could go on to its slot.',
            ...{ unit: 's', width: 8 },
          },
          quantiles('corral_task_resume_seconds'),
        ),
        graph(
          {
            title: 'Length of replays',
            description: 'Steps of the histories that were walked again.',
            unit: 'short',
            width: 8,
          },
          quantiles('corral_replay_steps'),
        ),
        graph(
          { title: 'Duration of replays', description: 'Before the task could go on.', unit: 's', width: 8 },
          quantiles('corral_replay_duration_seconds'),
        ),
        graph(
          {
            title: 'What sweeps moved',
            description: 'Taken back from lost workers, woken by timers, offered again.',
            ...{ unit: 'ops', width: 8 },
          },
          [{ expr: rate('corral_sweep_tasks_total', 'what'), legend: '{{what}}' }],
        ),
        graph(
          {
            title: 'Fenced writes',
            description: 'Writes of a run whose task another worker owns by now; refused.',
            ...{ unit: 'ops', width: 8 },
          },
          [{ expr: rate('corral_fenced_writes_total', 'coroutine'), legend: '{{coroutine}}' }],
        ),
        graph(
          {
            title: 'Sessions lost by live workers',
            description: 'The cluster gave a worker up that was alive: paused, cut off, or starved.',
            ...{ unit: 'none', width: 8 },
          },
          [
            {
              expr: 'sum by (instance) (increase(corral_sessions_lost_total[$__rate_interval]))',
              legend: '{{instance}}',
            },
          ],
        ),
      ],
    },
  ],
};
