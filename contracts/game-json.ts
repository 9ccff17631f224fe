/**
 * What a game writes for itself: entries of journals, data of a session. Opaque to us, and given back as it came.
 *
 * What JSON cannot be kept is refused with the request that brings it, for every body of every API (`runtime/json-faults.ts`). This
 * shape only sees to it that nothing is left out afterwards: zod's own records drop a member without a word.
 */
import { z } from 'zod';

export const GameJson = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'is not a JSON object: put what you have into a member of one',
  )
  .meta({
    id: 'GameJson',
    type: 'object',
    additionalProperties: true,
    description:
      "The game's own: comes back as it was sent, or is refused with a pointer to what cannot be kept. That is: a member name that stands twice, is __proto__ or _bsontype, or has a backslash, a quote or a control character; half a surrogate pair; an integer that a double cannot hold (send it as a string); more than 32 levels",
  });
