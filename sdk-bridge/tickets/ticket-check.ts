/** The signature of a join ticket, checked offline with the keys that came with the claim. */
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { JoinTicketClaims, type Claim } from '../../contracts/allocator.ts';
import type { Refusal } from '../../contracts/bridge.ts';

export type TicketReading =
  | { readonly kind: 'claims'; readonly claims: JoinTicketClaims }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly detail: string };

/** What a ticket says, when its signature holds. Times are not looked at: the expiry governs first entry only. */
export type TicketCheck = (ticket: string, claimKeys: Claim['ticketKeys']) => Promise<TicketReading>;

export interface TicketCheckParts {
  readonly fetchKeys: () => Promise<Claim['ticketKeys']>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Asked with a key id that nobody knows, the keys are fetched again, but not more often than this. */
const KEYS_AGAIN_MS = 5_000;

export function createTicketCheck({ fetchKeys, now }: TicketCheckParts): TicketCheck {
  let fetched: JSONWebKeySet['keys'] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;
  let cached: { of: Claim['ticketKeys']; fetched: JSONWebKeySet['keys']; lookUp: ReturnType<typeof createLocalJWKSet> } | undefined;

  /** Old keys stay beside new ones: tickets signed before a change still hold. */
  const keysOf = (claimKeys: Claim['ticketKeys']) => {
    if (cached?.of !== claimKeys || cached.fetched !== fetched) {
      const known = new Set(claimKeys.keys.map((key) => key['kid']));
      const keys = [...(claimKeys as JSONWebKeySet).keys, ...fetched.filter((key) => !known.has(key.kid))];
      cached = { of: claimKeys, fetched, lookUp: createLocalJWKSet({ keys }) };
    }
    return cached.lookUp;
  };

  const refresh = async () => {
    fetchedAt = now();
    try {
      fetched = ((await fetchKeys()) as JSONWebKeySet).keys;
    } finally {
      fetching = undefined;
    }
  };

  const verify = async (ticket: string, claimKeys: Claim['ticketKeys']) =>
    (await compactVerify(ticket, keysOf(claimKeys), { algorithms: ['EdDSA'] })).payload;

  const verifyWithFreshKeys = async (ticket: string, claimKeys: Claim['ticketKeys'], unknown: unknown) => {
    if (now() - fetchedAt < KEYS_AGAIN_MS && fetching === undefined) throw unknown;
    await (fetching ??= refresh());
    return verify(ticket, claimKeys);
  };

  return async (ticket, claimKeys) => {
    let payload: Uint8Array;
    try {
      payload = await verify(ticket, claimKeys).catch((cause: unknown) => {
        if (!(cause instanceof errors.JWKSNoMatchingKey)) throw cause;
        return verifyWithFreshKeys(ticket, claimKeys, cause);
      });
    } catch (cause) {
      if (cause instanceof errors.JWSInvalid) return refused('malformed', 'this is no join ticket');
      return refused('signature', 'the signature of the ticket does not hold');
    }
    const claims = JoinTicketClaims.safeParse(jsonOf(payload));
    return claims.success
      ? { kind: 'claims', claims: claims.data }
      : refused('malformed', 'the ticket does not say what a join ticket says');
  };
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}

function refused(refusal: Refusal, detail: string): TicketReading {
  return { kind: 'refused', refusal, detail };
}
