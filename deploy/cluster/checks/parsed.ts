import type { z } from 'zod';

/** @returns undefined for what is no JSON, or of another shape. */
export function parsed<T extends z.ZodType>(shape: T, text: string): z.output<T> | undefined {
  try {
    return shape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
