/** What happens to tasks, for the log at level `debug`. Arguments, results and messages of errors are nobody's business. */
import type { Instrument } from '@corral/scheduler';
import type { Logger } from './logger.ts';
import { taskFields } from './task-fields.ts';

export function taskLog(logger: Logger): Instrument {
  if (!logger.isLevelEnabled('debug')) return {};
  return {
    taskStarted: ({ attempt, ...task }) => logger.debug({ ...taskFields(task), attempt }, 'task started'),
    taskSettled: ({ state, errorType, ranMs, ...task }) =>
      logger.debug({ ...taskFields(task), errorType, ms: Math.round(ranMs) }, `task ${state}`),
    taskRetried: ({ errorType, failures, delayMs, ...task }) =>
      logger.debug({ ...taskFields(task), errorType, failures, delayMs }, 'attempt failed, another follows'),
    fenced: (task) => logger.debug(taskFields(task), 'another worker has taken over'),
  };
}
