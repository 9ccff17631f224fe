/** What the endpoint tables of the allocator share: who calls, by what, and how long a held call may take. */
import { z } from 'zod';
import { ORDINARY } from '../endpoint.ts';
import { ClientId } from '../words.ts';

export const CLIENTS = ['matchmaker', 'backend', 'operator'] as const;
export const ById = z.object({ id: ClientId });
/** A call that is held for a change: 30 s at most, and time to answer. */
export const HELD = { ...ORDINARY, timeoutMs: 40_000 };
