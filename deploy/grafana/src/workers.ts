import type { Board } from './board.ts';
import { graph, table } from './panels.ts';
import { quantile, rate } from './queries.ts';

const selector = '{job="corral-worker", instance=~"$instance"}';
const of = (metric: string): string => `sum by (instance) (${metric}${selector})`;

export const workers: Board = {
  uid: 'corral-workers',
  title: 'Workers and loops',
  description: 'Each event loop: how busy, how late, how full.',
  variable: { name: 'instance', metric: 'corral_worker_slots' },
  rows: [
    {
      title: 'Loops',
      panels: [
        graph(
          {
            title: 'Utilization',
            description: 'Share of the time in which the loop was busy.',
            unit: 'percentunit',
            width: 12,
          },
          [
            {
              expr: `${rate('nodejs_eventloop_time_seconds_total{state="active", job="corral-worker", instance=~"$instance"}', 'instance')} / ${rate(`nodejs_eventloop_time_seconds_total${selector}`, 'instance')}`,
              legend: '{{instance}}',
            },
          ],
        ),
        graph(
          {
            title: 'Delay p99',
            description: 'How late timers fire. Above 0.1 s a coroutine computes for too long between two awaits.',
            ...{ unit: 's', width: 12 },
          },
          [
            {
              expr: quantile(0.99, 'corral_event_loop_delay_seconds', { by: 'instance', selector }),
              legend: '{{instance}}',
            },
          ],
        ),
        graph({ title: 'Slots in use', description: 'Coroutines that run now.', unit: 'short', width: 8 }, [
          { expr: of('corral_worker_slots_in_use'), legend: '{{instance}}' },
          { expr: `max (corral_worker_slots${selector})`, legend: 'slots of a worker' },
        ]),
        graph(
          {
            title: 'Suspended in memory',
            description: 'Coroutines that wait and hold no slot.',
            unit: 'short',
            width: 8,
          },
          [{ expr: of('corral_worker_suspended_tasks'), legend: '{{instance}}' }],
        ),
        graph(
          {
            title: 'Longest run without a wait',
            description: 'For how long one coroutine has held its slot.',
            ...{ unit: 's', width: 8 },
          },
          [{ expr: of('corral_worker_longest_slot_seconds'), legend: '{{instance}}' }],
        ),
        graph(
          { title: 'Settled', description: 'Tasks that each worker has brought to an end.', unit: 'ops', width: 12 },
          [{ expr: rate(`corral_task_finished_total${selector}`, 'instance'), legend: '{{instance}}' }],
          { stacked: true },
        ),
        graph({ title: 'Workers', description: 'As the cluster sees them.', unit: 'short', width: 12 }, [
          { expr: 'max by (state) (corral_cluster_workers)', legend: '{{state}}' },
        ]),
      ],
    },
    {
      title: 'Processes',
      panels: [
        graph(
          {
            title: 'Heap',
            description: 'Used share of the limit at which the process is killed.',
            unit: 'percentunit',
            width: 8,
          },
          [
            {
              expr: `${of('nodejs_heap_size_used_bytes')} / ${of('corral_heap_limit_bytes')}`,
              legend: '{{instance}}',
            },
          ],
        ),
        graph({ title: 'CPU', description: 'Cores in use.', unit: 'short', width: 8 }, [
          { expr: rate(`process_cpu_seconds_total${selector}`, 'instance'), legend: '{{instance}}' },
        ]),
        graph({ title: 'Garbage collection', description: 'Share of the time.', unit: 'percentunit', width: 8 }, [
          { expr: rate(`nodejs_gc_duration_seconds_sum${selector}`, 'instance'), legend: '{{instance}}' },
        ]),
        graph(
          {
            title: 'Slow and forgotten',
            description: 'Slow steps; in debug mode also what was created and never awaited, retrieved or ended.',
            ...{ unit: 'ops', width: 12 },
          },
          [
            { expr: rate('corral_slow_steps_total', 'coroutine'), legend: '{{coroutine}} slow step' },
            { expr: rate('corral_exceptions_never_retrieved_total'), legend: 'exceptions never retrieved' },
            { expr: rate('corral_coroutines_never_awaited_total'), legend: 'coroutines never awaited' },
            { expr: rate('corral_tasks_destroyed_pending_total'), legend: 'tasks destroyed pending' },
          ],
        ),
        graph({ title: 'Warnings', description: 'Of the engine; the log has their text.', unit: 'ops', width: 12 }, [
          { expr: rate('corral_warnings_total', 'instance'), legend: '{{instance}}' },
        ]),
        table({ title: 'Versions', description: 'Processes by version and role.', unit: 'none', width: 12 }, [
          { expr: 'sum by (version, role) (corral_build_info)' },
        ]),
      ],
    },
  ],
};
