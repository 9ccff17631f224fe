/** Agones' GameServerAllocation: what we ask for, and what an answer means. Pure. */
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { GAME_SERVER_MARKS, type AllocationRequest } from '../../contracts/allocator.ts';
import type { Pool } from '../placement/pool.ts';
import { isOperatorsFault } from './cluster-health.ts';
import { answerError, neverSent } from './kube-errors.ts';
import { annotatedToken } from './udp-edge.ts';

/** What is asked for, and what marks the winner. */
export interface Ask {
  readonly owner: string;
  readonly uid: string;
  readonly attempt: number;
  readonly id: string;
  /** Which servers will do. */
  readonly pool: Pool;
  /** What goes to the cluster as it is: the order among those servers, and what changes on the one that is won. */
  readonly actions: Pick<AllocationRequest, 'priorities' | 'counters' | 'lists'>;
  /** Of the request, for whoever takes the session up. */
  readonly traceparent: string;
  /** What the server is to carry of its session: see `session-essentials.ts`. */
  readonly session: string;
  /** By which an edge finds the server that is won; none where there is no edge. */
  readonly routingToken?: string | undefined;
}

export type AskOutcome =
  | { readonly kind: 'bound'; readonly gameServer: string; readonly address: string; readonly port: number }
  /** Nothing matched: certain. */
  | { readonly kind: 'none' }
  /** The cluster took nothing for us, and never will for this ask: certain. The attempt's number may be used again. */
  | { readonly kind: 'not-taken'; readonly why: NotTaken; readonly cause: AppError }
  /** A server may or may not carry our marks now, or may later: look, and do not reuse this attempt. */
  | { readonly kind: 'doubt'; readonly cause: AppError };

export type NotTaken =
  /** Others were faster, five times in a row. */
  | 'contention'
  /** The request never left. */
  | 'unreachable'
  /** The API server did not take the request up: our rights, our credentials, its limits, or there is no Agones. */
  | 'refused'
  /** It was not sent: as many asks as may be are under way there. */
  | 'busy';

/** Ordered selectors: first whoever carries our marks already, so that a repeat of this very ask meets its own server. */
export function allocationOf(ask: Ask): object {
  const marks = marksOf(ask);
  return {
    apiVersion: 'allocation.agones.dev/v1',
    kind: 'GameServerAllocation',
    spec: {
      selectors: [
        { matchLabels: marks, gameServerState: 'Allocated' },
        ...ask.pool.selectors.map((selector) => ({ ...selector, gameServerState: 'Ready' })),
      ],
      scheduling: 'Packed',
      ...ask.actions,
      metadata: {
        labels: marks,
        annotations: {
          [GAME_SERVER_MARKS.id]: ask.id,
          [GAME_SERVER_MARKS.traceparent]: ask.traceparent,
          [GAME_SERVER_MARKS.session]: ask.session,
          ...(ask.routingToken === undefined ? {} : { [GAME_SERVER_MARKS.routingTokens]: annotatedToken(ask.routingToken) }),
        },
      },
    },
  };
}

export function marksOf({ owner, uid, attempt }: { owner: string; uid: string; attempt: number }): Record<string, string> {
  return { [GAME_SERVER_MARKS.owner]: owner, [GAME_SERVER_MARKS.uid]: uid, [GAME_SERVER_MARKS.attempt]: String(attempt) };
}

const Answer = z.object({
  status: z.object({
    state: z.enum(['Allocated', 'UnAllocated', 'Contention']),
    gameServerName: z.string().optional(),
    address: z.string().optional(),
    ports: z.array(z.object({ port: z.int() })).nullish(),
  }),
});

/** Of an answer below 300. */
export function outcomeOf(body: unknown): AskOutcome {
  const parsed = Answer.safeParse(body);
  if (!parsed.success) return { kind: 'doubt', cause: answerError('allocate', 200, body) };
  const { state, gameServerName, address, ports } = parsed.data.status;
  const port = ports?.[0]?.port;
  if (state === 'UnAllocated') return { kind: 'none' };
  if (state === 'Contention') {
    return {
      kind: 'not-taken',
      why: 'contention',
      cause: new AppError('unavailable', 'cluster_contention', 'others took every server first'),
    };
  }
  if (gameServerName === undefined || address === undefined || port === undefined)
    return {
      kind: 'doubt',
      cause: new AppError('unavailable', 'cluster_answer', 'the cluster allocated a server without name, address or port'),
    };
  return { kind: 'bound', gameServer: gameServerName, address, port };
}

/** Of an ask that failed: certainty only where the API server cannot have begun with it. */
export function outcomeOfFailure(cause: unknown): AskOutcome {
  const error = cause instanceof AppError ? cause : new AppError('internal', 'ask_failed', 'the ask failed', { cause });
  if (neverSent(error) || error.code === 'cluster_left_out') return { kind: 'not-taken', why: 'unreachable', cause: error };
  if (isOperatorsFault(error) || error.kind === 'rate-limited') return { kind: 'not-taken', why: 'refused', cause: error };
  return { kind: 'doubt', cause: error };
}
