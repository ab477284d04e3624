import { z } from 'zod';

/** For a route that takes no query: each parameter is one too many. */
export const noQuery = z.strictObject({});
