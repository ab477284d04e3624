/** The URLs that requests take as arguments. The pattern reaches JSON Schema, so that the API can refuse the rest. */
import { z } from 'zod';

export const webUrl = z
  .string()
  .max(8192)
  .regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\//, {
    error: 'must be an absolute URL that starts with http:// or https://',
    abort: true,
  })
  .refine((text) => URL.canParse(text), { error: 'is no URL', abort: true })
  .refine((text) => new URL(text).username === '' && new URL(text).password === '', {
    error: 'must not hold a user name or password; send the header authorization instead',
  });
