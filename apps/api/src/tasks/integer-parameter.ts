import { z } from 'zod';

/** A query parameter that is an integer in decimal digits, from `min` to `max`. */
export const integerParameter = (min: number, max: number, description: string) =>
  z
    .custom<string>((text) => typeof text === 'string' && /^\d{1,9}$/.test(text) && isWithin(Number(text), min, max), {
      error: `must be an integer from ${min} to ${max}`,
    })
    .transform(Number)
    .meta({ type: 'integer', minimum: min, maximum: max, description });

const isWithin = (value: number, min: number, max: number): boolean => value >= min && value <= max;
