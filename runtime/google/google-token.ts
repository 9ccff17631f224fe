/**
 * The access token of the Google identity that this pod has, from the metadata server:
 * https://cloud.google.com/compute/docs/access/authenticate-workloads and, in GKE, Workload Identity Federation.
 *
 * One for all that this process speaks to as that identity: clusters, Redis. The metadata server keeps its tokens too, until five minutes
 * before their end: whoever asks earlier gets the same.
 */
import { z } from 'zod';
import type { Send } from '../../contracts/client.ts';

/** @param refused a token that does not serve the asker any more; others, whom it serves, keep it until there is a new one. @throws Error saying what the metadata server answered. */
export type GoogleToken = (refused?: string) => Promise<string>;

export interface GoogleTokenParts {
  /** `HOST` or `HOST:PORT` of the metadata server. */
  readonly host: string;
  readonly send: Send;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const PATH = '/computeMetadata/v1/instance/service-accounts/default/token';
const ASK_MS = 3_000;
/** A new one is asked for when the old one has this long to go, as Google's own libraries do (3 min 45 s). */
const EARLY_MS = 225_000;
/** Clocks differ: a token that ends within this is not sent any more. */
const LATE_MS = 10_000;

const Answer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive(), token_type: z.string() });

interface Kept {
  readonly token: string;
  readonly until: number;
}

export function googleToken({ host, send, now }: GoogleTokenParts): GoogleToken {
  let kept: Kept | undefined;
  let asking: Promise<Kept> | undefined;
  const ask = async (): Promise<Kept> => {
    const at = now();
    const { token, seconds } = await askMetadata(host, send);
    kept = { token, until: at + seconds * 1_000 };
    return kept;
  };
  const askOnce = () => (asking ??= ask().finally(() => (asking = undefined)));
  return async (refused) => {
    const present = kept?.token === refused ? undefined : kept;
    if (present !== undefined && now() < present.until - EARLY_MS) return present.token;
    try {
      return (await askOnce()).token;
    } catch (cause) {
      if (present !== undefined && now() < present.until - LATE_MS) return present.token;
      throw cause;
    }
  };
}

async function askMetadata(host: string, send: Send): Promise<{ token: string; seconds: number }> {
  const headers = { 'metadata-flavor': 'Google', accept: 'application/json' };
  const answer = await send({
    method: 'GET',
    url: `http://${host}${PATH}`,
    headers,
    body: undefined,
    timeoutMs: ASK_MS,
    signal: undefined,
  });
  // Whatever else may answer there must not choose our token.
  if (answer.headers['metadata-flavor'] !== 'Google') throw new Error('what answers there is no metadata server of Google');
  if (answer.status !== 200) throw new Error(`the metadata server answered ${answer.status}; has this pod a Google identity?`);
  const parsed = Answer.safeParse(jsonOf(answer.body));
  // Without its words: they may hold a token.
  if (!parsed.success || parsed.data.token_type.toLowerCase() !== 'bearer')
    throw new Error('the metadata server answered what is no bearer token');
  return { token: parsed.data.access_token, seconds: parsed.data.expires_in };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
