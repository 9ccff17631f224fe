/** The calls that metrics are made of: frames as they are reported, and tickets that were refused. */
import type { bridgeApi } from '../../contracts/bridge.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { BridgeMetrics } from './bridge-metrics.ts';
import type { FrameBook } from './frame-book.ts';
import type { HttpMetrics } from '../../runtime/metrics.ts';

/** Of requests: a bridge's callers are one game server, and what is measured of that is here. */
export const UNMEASURED: HttpMetrics = { measure: () => (_request, _response, next) => next() };

type BridgeHandlers = Handlers<(typeof bridgeApi)['endpoints']>;

export function measuredHandlers(handlers: BridgeHandlers, frames: FrameBook, metrics: Pick<BridgeMetrics, 'refused'>): BridgeHandlers {
  return {
    ...handlers,
    frame: (request, context) => {
      frames.report(request.body);
      return handlers.frame(request, context);
    },
    admit: async (request, context) => {
      const reply = await handlers.admit(request, context);
      if (!reply.body.admitted) metrics.refused(reply.body.refusal);
      return reply;
    },
  };
}
