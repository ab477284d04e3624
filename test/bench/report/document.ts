/** docs/benchmarks.md: figures, where they come from, how they were made, and what they do not tell. */
import { machineTold } from '../machine.ts';
import { tasksOfRound } from '../workloads/one-task.ts';
import type { Report } from './report.ts';
import { costs, table } from './table.ts';

/** `picture`: its path as seen from the document. */
export const document = (report: Report, picture: string): string => `# Benchmarks

Written by \`npm run bench -- --write\`; do not edit. Machine: ${machineTold(report.machine)}. Medians of ${report.rounds} rounds
after warming up, three times as many where one takes a few seconds, and the spread from the least to the most.

${table(report.rows)}

![Corral and the raw limit of Redis, in multiples of BullMQ](${picture})

A ratio is Corral to the other, and above 1 Corral is better, whatever the unit. It is the median of the ratios of each
round, because a machine gets slower and faster over minutes. Figures of another machine will be others; ratios less so.

## What is compared

- **Corral**: the API and worker processes as \`npm run build\` makes them, with their default settings: two workers, 100
  slots each. This process submits and waits; a gather runs on one of the workers.
- **BullMQ** 6 with as many worker processes and as much concurrency. A gather is compared with a flow, one parent and its
  children, up to 10,000; a larger one, and whatever says so, with plain jobs in bulk whose results come as events. It keeps
  no record of a job that has ended, where Corral keeps each task for a day.
- **The raw limit**: the same bytes through lists of Redis in batches of 100, with as many processes that take them and put
  results back. It keeps no state and would lose what a crash interrupts. For the tree it is the same number of items.
- All on one Redis, in a database each, in turns within each round, of which another one begins each time; whoever does not run is
  idle. Each task carries about 100 bytes and returns them. Every result is checked, number and order; a wrong one is a failure
  and no figure.
- One task at idle: turns after every task, ${tasksOfRound} of each in a round. What a machine does in its bad moments makes the 99th
  percentile, so all have to meet the same ones; caches are cold, as three others have run since.

## What each row cost

CPU of each process, in shares of a core over the time of the runs, and time within scripts of Redis. The largest is what
stands in the way. A row is marked when processes that have no part in it took more than a tenth of a core.

${costs(report.rows)}

## Why targets are missed

By the costs above and the profiles in the [decisions](adr/README.md) 0009 to 0024:

- *Two workers against one*, where tasks do nothing: one worker and Redis use more than half of two cores between them; a second
  worker shares the rest with them and with this process. Where tasks compute, Redis has nothing to do and two cores are twice
  as much as one.
- *One task at idle*: nearly half of the median is Redis in two calls, whose code is out of the caches by then (0021); a task goes to a
  worker that holds nothing within its submit (0022). The 99th percentile moves by half from round to round, ours and BullMQ's.
- *Batches over REST*: that each task was a root with a record, a claim and an end of its own was 36 of 76 µs of processor time. What
  comes in one batch is kept together now (0024). 55 to 60 µs are left: 13 to 15 in Redis, 16 to 18 in the API, a seventh of them
  for writing, 18 to 21 in the workers and 6 to 8 in the client; nothing else stands out.
- *Event loop of a worker*, no target but worth a reason: it was late by more than 30 ms once a gather, by 45 to 75, in the one step
  in which the coroutine of this benchmark makes 100,000 calls. Of its 42 to 67 ms of processor time 12 to 25 are the coroutine's
  own, and 16 to 21 the collection of what it has made. The row tells the upper end of a bucket of the metric.
- *What a gather lacks to the goal beyond*, on a machine of twice the speed (BullMQ's flow 7,020 tasks/s). It takes 20 to 27 µs of processor
  time a task, 7 to 10 of them in Redis, where it was 25 to 35 before members that are claimed together ended together (0020). Of a
  gather of 10,000 that took 114 ms, 13 were its beginning, in which one worker sends its members, and 10 its end, in which it reads
  the results; in the 91 between, a worker waits for the answer to its call while Redis does the call of the other one (0015, 0017).

## Not measured

${notMeasured.map((line) => `- ${line}`).join('\n')}
${report.failures.map(({ workload, reason }) => `- \`${workload}\` failed in this run: ${reason}\n`).join('')}`;

const notMeasured: readonly string[] = [
  'Several machines. Producer, workers and Redis share the cores of one; a network would add its latency to each round trip.',
  'What a Redis Cluster adds: its nodes share the cores with everything else here, so the rows show what it costs.',
  'The state of a parent during a gather of 100,000, which is constant by construction (decision 0003).',
  'Priorities, and a small task behind thousands of others that are no gather.',
  'Hours: what builds up in Redis and in a worker after the first million tasks.',
  'Large arguments and results.',
  'Other systems than BullMQ.',
];
