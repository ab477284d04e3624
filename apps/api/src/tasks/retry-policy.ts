/** How a failed attempt of a task is retried: the same rules as `RetryPolicy` of the scheduler has. */
import { retryLimits } from '@corral/scheduler';
import { z } from 'zod';

const { attempts, factor, durationMs } = retryLimits;
const wait = z.number().min(0).max(durationMs);
const errorType = z.string().min(1).max(200);
const retried = errorType.refine((type) => type !== 'CancelledError', 'what was cancelled is never retried');

export const retryPolicy = z
  .strictObject({
    attempts: z.int().min(1).max(attempts).meta({ description: 'In all, the first one included.' }),
    initialMs: wait.exactOptional().meta({ description: 'The wait before the second attempt; 1000 is usual.' }),
    factor: z
      .number()
      .min(1)
      .max(factor)
      .exactOptional()
      .meta({ description: 'Each wait is so many times the one before; 2 is usual.' }),
    maxMs: wait.exactOptional().meta({ description: 'No wait is longer; 60000 is usual.' }),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .exactOptional()
      .meta({ description: 'The part of each wait that is random; 0.5 is usual.' }),
    on: z.array(retried).exactOptional().meta({ description: 'Types of errors that are retried; all by default.' }),
    except: z.array(errorType).exactOptional().meta({ description: 'Types of errors that are not.' }),
  })
  .meta({ id: 'RetryPolicy', examples: [{ attempts: 5, initialMs: 200 }] });
