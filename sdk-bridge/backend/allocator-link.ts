/** The allocator as the bridge sees it: this server, one attempt. */
import { readFile } from 'node:fs/promises';
import { type Claim } from '../../contracts/allocator.ts';
import { attemptEndpoints } from '../../contracts/allocator-api/attempts.ts';
import { seatEndpoints } from '../../contracts/allocator-api/seats.ts';
import type { Crash } from '../../contracts/crash.ts';
import { createClient, type Send } from '../../contracts/client.ts';
import { defineApi } from '../../contracts/endpoint.ts';
import type { AttemptMarks } from '../agones/game-server.ts';

/** A player whom the game has sent away. */
export interface GameKick {
  readonly playerId: string;
  readonly reason: string;
  /** Packet key of the seat that is over. */
  readonly keyId: string;
}

export interface AllocatorLink {
  claim(marks: AttemptMarks): Promise<Claim>;
  accept(marks: AttemptMarks, build: string, port: number): Promise<void>;
  /** `fail`: this server cannot hold the session any more. `end`: it was played to its end. */
  tell(what: 'end' | 'fail', marks: AttemptMarks, reason: string, crash?: Crash): Promise<void>;
  /** The player's seat is over; it is free for others. */
  kick(marks: AttemptMarks, kick: GameKick): Promise<void>;
  ticketKeys(): Promise<Claim['ticketKeys']>;
}

/** Longest wait for one answer; whoever calls tries again. */
const CALL_MS = 5_000;

/** Of the allocator's table only what a bridge calls: the whole of it takes megabytes beside every game server. */
const calledApi = defineApi({
  name: 'allocator',
  title: '',
  version: '',
  description: '',
  endpoints: { ...attemptEndpoints, ticketKeys: seatEndpoints.ticketKeys },
});

/** @param tokenFile is read for every call: Kubernetes renews a projected token in place. */
export function createAllocatorLink(baseUrl: string, send: Send, tokenFile: string, gameServer: string): AllocatorLink {
  const token = async () => (await readFile(tokenFile, 'utf8')).trim();
  const client = createClient(calledApi, { baseUrl, send, token });
  const options = { timeoutMs: CALL_MS };
  return {
    claim: async (params) => (await client.claimAttempt({ params, body: { gameServer } }, options)).body,
    accept: async (params, build, port) => void (await client.acceptAttempt({ params, body: { gameServer, build, port } }, options)),
    tell: async (what, params, reason, crash) => {
      const body = { gameServer, reason };
      const died = crash === undefined ? {} : { crash };
      await (what === 'end'
        ? client.endAttempt({ params, body }, options)
        : client.failAttempt({ params, body: { ...body, ...died } }, options));
    },
    kick: async (params, { playerId, reason, keyId }) =>
      void (await client.kickFromAttempt({ params, body: { gameServer, playerId, reason, keyId } }, options)),
    ticketKeys: async () => (await client.ticketKeys({}, options)).body,
  };
}
