import { z } from 'zod';
import { environmentVariables } from './environment.js';
import { suggestion } from './problem.js';

/** A map with exactly these keys. Each unknown key is a problem of its own, at its own path. */
export function strictMap<Shape extends z.ZodRawShape>(shape: Shape) {
  const unknownKey = z.custom<never>(() => false, {
    error: (issue) => unknownKeyMessage(String(issue.path?.at(-1)), Object.keys(shape)),
  });
  // No value passes `unknownKey`, so to the types it is a strict object.
  return z.object(shape).catchall(unknownKey) as unknown as z.ZodObject<Shape, z.core.$strict>;
}

function unknownKeyMessage(key: string, known: readonly string[]): string {
  const variable = key.toUpperCase();
  return Object.hasOwn(environmentVariables, variable)
    ? `is read from the environment only: set ${variable} there`
    : `unknown key, ${suggestion(key, known)}`;
}
