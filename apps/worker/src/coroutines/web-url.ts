/** The URLs that requests take as arguments. */
import { z } from 'zod';

export const webUrl = z
  .url({ protocol: /^https?$/, error: 'must be an absolute URL that starts with http:// or https://' })
  .max(8192)
  .refine((text) => URL.canParse(text) && new URL(text).username === '' && new URL(text).password === '', {
    error: 'must not hold a user name or password; send the header authorization instead',
  });
