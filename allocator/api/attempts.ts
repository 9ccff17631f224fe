/** The bridge's side of the API. */
import { AppError } from '../../contracts/app-error.ts';
import type { Claim } from '../../contracts/allocator.ts';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Context, Handlers } from '../../runtime/serve-api.ts';
import type { AllocationDocument } from '../allocation.ts';
import { kickNotices } from '../kicks.ts';
import { noticesFor, type Place } from '../placement/maintenance.ts';
import { accept, claim, end, fail, ownAttempt, type AttemptOf, type AttemptParts } from '../moves/attempts.ts';
import type { Seats } from '../moves/seat.ts';
import type { Signer } from '../tickets/join-ticket.ts';
import type { TicketKeys } from '../tickets/ticket-keys.ts';

type All = Handlers<typeof allocatorApi.endpoints>;
type Mine = Pick<All, 'claimAttempt' | 'acceptAttempt' | 'failAttempt' | 'kickFromAttempt' | 'endAttempt'>;

export interface AttemptsApiParts {
  readonly attempts: AttemptParts;
  readonly signer: Signer;
  readonly keys: TicketKeys;
  readonly issuer: string;
  readonly seats: Pick<Seats, 'kick'>;
}

export function attemptHandlers({ attempts, signer, keys, issuer, seats }: AttemptsApiParts): Mine {
  const own = async (of: AttemptOf, { principal, signal }: Context): Promise<AllocationDocument> => {
    if (principal === undefined) throw new AppError('internal', 'principal_missing', 'this endpoint needs a caller');
    return ownAttempt(attempts, of, principal, signal);
  };
  return {
    claimAttempt: async ({ params, body }, context) => {
      const claimed = await claim(attempts, await own({ ...params, ...body }, context));
      const { worldEpoch } = claimed;
      const answer: Claim = {
        allocationId: claimed.id,
        uid: claimed._id,
        attempt: claimed.attempt,
        state: claimed.state,
        build: claimed.request.build,
        mode: claimed.request.mode,
        session: claimed.request.session,
        players: claimed.seats,
        ticketKeys: await keys.publicKeys(),
        ticketIssuer: issuer,
        deadlineAt: claimed.deadlineAt.toISOString(),
        saves: { token: await signer.sessionGrant(claimed), ...(worldEpoch === null ? {} : { worldEpoch }) },
        notices: [...noticesFor(attempts.windows.open, placeOf(attempts, claimed), attempts.now()), ...kickNotices(claimed.kicks)],
        ...(claimed.traceparent === '' ? {} : { traceparent: claimed.traceparent }),
      };
      return { status: 200, body: answer };
    },
    acceptAttempt: async ({ params, body }, context) => {
      const found = await own({ ...params, gameServer: body.gameServer }, context);
      return { status: 200, body: { state: await accept(attempts, found, body.build) } };
    },
    failAttempt: async ({ params, body }, context) => {
      const found = await own({ ...params, gameServer: body.gameServer }, context);
      return { status: 200, body: { state: await fail(attempts, found, body.reason, body.crash) } };
    },
    kickFromAttempt: async ({ params, body }, context) => {
      const { _id, state } = await own({ ...params, gameServer: body.gameServer }, context);
      await seats.kick(_id, body.playerId, body.reason, body.keyId);
      return { status: 200, body: { state } };
    },
    endAttempt: async ({ params, body }, context) => {
      const found = await own({ ...params, gameServer: body.gameServer }, context);
      return { status: 200, body: { state: await end(attempts, found, body.reason) } };
    },
  };
}

/** The fleet as the server's own label says it: a request may have chosen by other marks. */
function placeOf({ clusters }: AttemptParts, { server, request }: AllocationDocument): Place {
  const { cluster = '', region = '', gameServer = '' } = server ?? {};
  return { cluster, region, fleet: clusters.get(cluster)?.census.get(gameServer)?.fleet ?? request.fleet ?? '', build: request.build };
}
