/**
 * One try at a receiver: a deadline, no redirects, no more of the answer than is shown, and no address that the rules refuse.
 * What a name resolves to is checked where the connection is made, so that it cannot become another one in between.
 */
import type { LookupAddress } from 'node:dns';
import { lookup as resolve } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { trusting } from '../../../runtime/trusted-authorities.ts';
import { isPublicAddress, urlFault, type PrivateAddresses } from './address-rules.ts';
import type { SignedMessage } from './message.ts';
import { createSharedLookup, type Lookup } from './shared-lookup.ts';

export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | undefined; readonly text: string }
  | { readonly kind: 'silent'; readonly why: string }
  /** Its address is one that we do not speak to. */
  | { readonly kind: 'refused'; readonly why: string }
  /** We ended it ourselves. */
  | { readonly kind: 'aborted' };

export interface WebhookSender {
  /** Never rejects. */
  send(url: string, message: SignedMessage, signal: AbortSignal): Promise<Answer>;
  /** What is wrong with a URL, as far as can be said now: a name that does not resolve may do so later. */
  fault(url: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface SenderOptions {
  readonly privateAddresses: PrivateAddresses;
  /** PEM certificates trusted beside the public ones. */
  readonly caFile?: string | undefined;
  /** A receiver has so long to answer; ten seconds where it is not given. */
  readonly answerMs?: number;
}

const ANSWER_MS = 10_000;
const CONNECT_MS = 5_000;
const LOOK_UP_MS = 2_000;
/** Of an answer's body. */
const KEPT_CHARACTERS = 200;
const READ_BYTES = 4_096;

export function createWebhookSender({ privateAddresses, caFile, answerMs = ANSWER_MS }: SenderOptions): WebhookSender {
  const lookup = createSharedLookup((hostname) => resolve(hostname, { all: true }));
  const mayReach = (found: readonly LookupAddress[]) => (privateAddresses === 'allow' ? found : publicOf(found));
  const agent = new Agent({
    connections: 32,
    pipelining: 1,
    // Less than most servers keep an idle connection: one that they have just closed fails a try.
    keepAliveTimeout: 4_000,
    allowH2: false,
    connect: { timeout: CONNECT_MS, ...trusting(caFile), lookup: lookupFor(lookup, mayReach) },
  });

  const exchange = async (url: string, { headers, body }: SignedMessage, signal: AbortSignal): Promise<Answer> => {
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent, signal });
    const retryAfter = answer.headers['retry-after'];
    const text = await beginningOf(answer.body);
    return { kind: 'answered', status: answer.statusCode, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined, text };
  };

  return {
    send: async (url, message, signal) => {
      const fault = urlFault(url, privateAddresses);
      if (fault !== undefined) return { kind: 'refused', why: fault };
      const deadline = AbortSignal.timeout(answerMs);
      try {
        return await exchange(url, message, AbortSignal.any([signal, deadline]));
      } catch (cause) {
        if (signal.aborted) return { kind: 'aborted' };
        if (deadline.aborted) return { kind: 'silent', why: `no answer within ${answerMs} ms` };
        if (cause instanceof AddressRefused) return { kind: 'refused', why: cause.message };
        return { kind: 'silent', why: reasonOf(cause) };
      }
    },
    fault: async (url) => {
      const fault = urlFault(url, privateAddresses);
      if (fault !== undefined || privateAddresses === 'allow') return fault;
      const { hostname } = new URL(url);
      const name = hostname.replace(/^\[(.*)\]$/, '$1');
      const found = await Promise.race([lookup(name), nothingAfter(LOOK_UP_MS)]).catch(() => []);
      return found.length > 0 && publicOf(found).length === 0 ? new AddressRefused(hostname).message : undefined;
    },
    close: () => agent.destroy(),
  };
}

class AddressRefused extends Error {
  constructor(hostname: string) {
    super(`${hostname} has no public address`);
    this.name = 'AddressRefused';
  }
}

/** As the connection asks for it: what may not be reached is left out. */
function lookupFor(lookup: Lookup, mayReach: (found: readonly LookupAddress[]) => readonly LookupAddress[]): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname).then(
      (found) => {
        const [first, ...rest] = mayReach(found);
        if (first === undefined) callback(new AddressRefused(hostname), []);
        else if (options.all === true) callback(null, [first, ...rest]);
        else callback(null, first.address, first.family);
      },
      (cause: unknown) => callback(cause instanceof Error ? cause : new Error(String(cause)), []),
    );
  };
}

function publicOf(found: readonly LookupAddress[]): LookupAddress[] {
  return found.filter(({ address }) => isPublicAddress(address));
}

function nothingAfter(ms: number): Promise<LookupAddress[]> {
  return new Promise((done) => void setTimeout(() => done([]), ms).unref());
}

/** The status has been given: whatever becomes of the body does not change it. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk.subarray(0, READ_BYTES));
      bytes += chunk.length;
      // Leaving the loop destroys the body, and its connection.
      if (bytes >= READ_BYTES) break;
    }
  } catch {
    // Cut off, or too slow.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, KEPT_CHARACTERS);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return (cause instanceof Error ? cause.message || cause.name : String(cause)).slice(0, KEPT_CHARACTERS);
}
