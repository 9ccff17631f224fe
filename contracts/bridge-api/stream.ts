/**
 * What the held calls `session`, `notices` and `acks` bring, told as it happens: a WebSocket on the bridge's own port.
 *
 *     GET /lifeverse/v1/stream?since=POSITION, upgraded; subprotocol `lifeverse.v1`
 *       ──▶ welcome ──▶ what is other than at that position ──▶ session | notices | acks, each when it changes … alive, alive, …
 *
 * Each message tells the whole of its subject as it is now, so that what came and went in between is not told, and nothing has to be
 * kept for a reader who is slow or away. A reader keeps the position of the last message that it has taken and comes again with it.
 * Of a type that a reader does not know it takes the position alone. The reader sends nothing.
 */
import { z } from 'zod';
import { bridgeApi, BridgeSession } from '../bridge.ts';

export const STREAM_PATH = '/lifeverse/v1/stream';
/** Another version of these messages has another name; a bridge chooses the one that it speaks. */
export const STREAM_PROTOCOL = 'lifeverse.v1';

/** Safe in a URL as it is. Nothing is to be read out of it: one that the bridge cannot read is one of before everything. */
export const StreamPosition = z.string().max(200);

const { notices, acks } = bridgeApi.endpoints;

export const StreamMessage = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('welcome').describe('The first message: from now on this stream brings the news'),
      gameServer: z.string(),
      aliveSeconds: z.number().describe('Something is said at least this often; a stream that is silent for much longer is dead'),
    }),
    z.object({ type: z.literal('session'), position: StreamPosition, session: BridgeSession }),
    z.object({ type: z.literal('notices'), position: StreamPosition, notices: notices.responses[200].body }),
    z.object({ type: z.literal('acks'), position: StreamPosition, acks: acks.responses[200].body }),
    z.object({ type: z.literal('alive') }),
  ])
  .meta({ id: 'StreamMessage' });
export type StreamMessage = z.infer<typeof StreamMessage>;
