/** The allocator of a solo bridge: one session a life, invented on the spot, with tickets that hold at the same door. */
import { randomBytes, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { AppError } from '../../contracts/app-error.ts';
import { GAME_SERVER_MARKS, type Admission, type Claim, type JoinTicketClaims, type SessionPlayer } from '../../contracts/allocator.ts';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { SoloAllocation } from '../../contracts/bridge-solo.ts';
import { packetKeyId } from '../../runtime/packet-key-id.ts';
import type { SomeHandlers } from './answer-by-table.ts';
import type { FolderSaves } from './folder-saves.ts';
import type { SoloGameServer } from './solo-game-server.ts';
import { gameServerOf, type KeptAllocation, type SoloKept, type SoloKeeper } from './solo-kept.ts';

export interface SoloAllocator {
  readonly handlers: SomeHandlers<(typeof allocatorApi)['endpoints']>;
  /** @throws AppError `conflict` where the game server is not Ready, or has had its session. */
  allocate(wanted: SoloAllocation, build: string): Promise<{ id: string; uid: string; admissions: Admission[] }>;
  /** @throws AppError `conflict` without a live session. */
  ticket(playerId: string, role: SessionPlayer['role'], expiresInSeconds: number): Promise<Admission>;
  /** The seat is free, and the game server is told to drop the player. @throws AppError `not-found` without a seat. */
  kick(playerId: string, reason: string): Promise<void>;
  post(notices: SoloKept['notices']): Promise<void>;
  /** Another session takes the world. */
  loseWorld(): Promise<void>;
}

export interface SoloAllocatorParts {
  readonly keeper: SoloKeeper;
  readonly gameServer: Pick<SoloGameServer, 'write'>;
  readonly saves: Pick<FolderSaves, 'takeWorld'>;
  readonly now: () => number;
}

const ISSUER = 'https://solo.lifeverse.invalid';
const KID = 'solo';
const DEFAULT_CAPACITY = 16;
const DEADLINE_MS = 600_000;

export async function createSoloAllocator({ keeper, gameServer, saves, now }: SoloAllocatorParts): Promise<SoloAllocator> {
  const jwk = await ticketKey(keeper);
  const privateKey = await importJWK(jwk, 'EdDSA');
  const { d: _, ...publicKey } = jwk;
  const ticketKeys = { keys: [{ ...publicKey, kty: 'OKP', kid: KID, alg: 'EdDSA' }] };

  const amend = (make: (allocation: KeptAllocation) => KeptAllocation) =>
    keeper.change((kept) => (kept.allocation === undefined ? kept : { ...kept, allocation: make(kept.allocation) }));
  const live = (): KeptAllocation => {
    const { allocation } = keeper.current();
    if (allocation?.state !== 'allocated' && allocation?.state !== 'ready')
      throw new AppError('conflict', 'no_session', 'there is no session: allocate one');
    return allocation;
  };
  const own = (uid: string): KeptAllocation => {
    const { allocation } = keeper.current();
    if (allocation?.uid !== uid) throw new AppError('conflict', 'attempt_not_yours', 'this session is over: another life has begun');
    return allocation;
  };

  const admission = async (
    allocation: KeptAllocation,
    player: KeptAllocation['players'][number],
    expiresInSeconds = 300,
  ): Promise<Admission> => {
    const claims: Omit<JoinTicketClaims, 'exp'> = {
      iss: ISSUER,
      aud: 'lifeverse-join',
      sub: player.id,
      jti: randomUUID(),
      allocation: allocation.id,
      uid: allocation.uid,
      attempt: allocation.attempt,
      gameServer: gameServerOf(keeper.current()),
      build: allocation.build,
      role: player.role,
      keyId: packetKeyId(player.packetKey),
    };
    const exp = Math.floor(now() / 1_000 + expiresInSeconds);
    const joinTicket = await new SignJWT({ ...claims, exp }).setProtectedHeader({ alg: 'EdDSA', kid: KID }).sign(privateKey);
    return { playerId: player.id, joinTicket, packetKey: player.packetKey };
  };

  const claimOf = (allocation: KeptAllocation): Claim => ({
    allocationId: allocation.id,
    uid: allocation.uid,
    attempt: allocation.attempt,
    state: allocation.state,
    build: allocation.build,
    mode: allocation.mode,
    session: allocation.session,
    players: allocation.players,
    ticketKeys,
    ticketIssuer: ISSUER,
    deadlineAt: new Date(now() + DEADLINE_MS).toISOString(),
    saves: { token: 'solo', ...(allocation.worldEpoch === undefined ? {} : { worldEpoch: allocation.worldEpoch }) },
    notices: keeper.current().notices,
  });
  const over = async (uid: string, state: 'ended' | 'lost', reason: string) => {
    own(uid);
    await amend((known) => (known.state === 'allocated' || known.state === 'ready' ? { ...known, state, reason } : known));
    return { status: 200 as const, body: { state: own(uid).state } };
  };

  const post = async (notices: SoloKept['notices']) => {
    await keeper.change((kept) => ({ ...kept, notices }));
    await gameServer.write({ annotations: { [GAME_SERVER_MARKS.notice]: JSON.stringify(notices) } });
  };
  const seatOf = (playerId: string) => live().players.find(({ id }) => id === playerId);
  const withoutKickOf = (playerId: string) =>
    keeper.current().notices.filter((notice) => notice.kind !== 'kick' || notice.playerId !== playerId);
  const sendAway = async (playerId: string, reason: string) => {
    const seat = seatOf(playerId);
    if (seat === undefined) return;
    await amend((allocation) => ({ ...allocation, players: allocation.players.filter(({ id }) => id !== playerId) }));
    const at = new Date(now()).toISOString();
    await post([...withoutKickOf(playerId), { kind: 'kick', reason, playerId, at, keyId: packetKeyId(seat.packetKey) }]);
  };

  return {
    handlers: {
      claimAttempt: async ({ params }) => {
        own(params.uid);
        return { status: 200, body: claimOf(live()) };
      },
      acceptAttempt: async ({ params, body }) => {
        const { build } = own(params.uid);
        if (body.build !== build)
          throw new AppError('conflict', 'build_differs', `the allocation asks for build ${build}, the server runs ${body.build}`);
        live();
        await amend((known) => ({ ...known, state: 'ready', port: body.port }));
        return { status: 200, body: { state: 'ready' } };
      },
      kickFromAttempt: async ({ params, body }) => {
        const { state } = own(params.uid);
        const seat = seatOf(body.playerId);
        if (seat !== undefined && packetKeyId(seat.packetKey) === body.keyId) await sendAway(body.playerId, body.reason);
        return { status: 200, body: { state } };
      },
      failAttempt: ({ params, body }) => over(params.uid, 'lost', body.reason),
      endAttempt: ({ params, body }) => over(params.uid, 'ended', body.reason),
      ticketKeys: async () => ({ status: 200, body: ticketKeys }),
    },
    allocate: async ({ id = `solo-${randomUUID()}`, mode, build: wanted, session, players }, build) => {
      const {
        allocation: before,
        agones: { state },
      } = keeper.current();
      if (before !== undefined)
        throw new AppError('conflict', 'session_before', 'this game server has had its session: reset begins the next life');
      if (state !== 'Ready') throw new AppError('conflict', 'not_ready', `the game server is ${state}, not Ready`);
      const uid = randomUUID().replaceAll('-', '');
      const capacity = session.capacity ?? Math.max(DEFAULT_CAPACITY, players.length);
      const epoch = session.world === undefined ? undefined : (await saves.takeWorld(session.world, { uid, attempt: 1 })).epoch;
      const allocation: KeptAllocation = {
        id,
        uid,
        attempt: 1,
        state: 'allocated',
        mode,
        build: wanted ?? build,
        session: { ...session, capacity },
        players: players.map((player) => ({ ...player, packetKey: newPacketKey() })),
        ...(epoch === undefined ? {} : { worldEpoch: epoch }),
      };
      await keeper.change((kept) => ({ ...kept, allocation }));
      await gameServer.write({
        status: { state: 'Allocated' },
        labels: { [GAME_SERVER_MARKS.uid]: uid, [GAME_SERVER_MARKS.attempt]: '1' },
        annotations: { [GAME_SERVER_MARKS.id]: id },
      });
      return { id, uid, admissions: await Promise.all(allocation.players.map((player) => admission(allocation, player))) };
    },
    ticket: async (playerId, role, expiresInSeconds) => {
      const known = live().players.find(({ id }) => id === playerId);
      const player = known ?? { id: playerId, role, packetKey: newPacketKey() };
      if (known === undefined) {
        await amend((allocation) => ({ ...allocation, players: [...allocation.players, player] }));
        // Whoever is given a seat anew may come again.
        const notices = withoutKickOf(playerId);
        if (notices.length < keeper.current().notices.length) await post(notices);
      }
      return admission(live(), player, expiresInSeconds);
    },
    kick: async (playerId, reason) => {
      if (seatOf(playerId) === undefined) throw new AppError('not-found', 'seat_unknown', `${playerId} has no seat`);
      await sendAway(playerId, reason);
    },
    post,
    loseWorld: async () => {
      const { world } = live().session;
      if (world === undefined) throw new AppError('conflict', 'no_world', 'no persistent world is played');
      await saves.takeWorld(world, { uid: randomUUID().replaceAll('-', ''), attempt: 1 });
    },
  };
}

function newPacketKey(): string {
  return randomBytes(32).toString('base64url');
}

async function ticketKey(keeper: SoloKeeper): Promise<JWK> {
  const kept = keeper.current().ticketKey;
  if (kept !== undefined) return kept;
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const made = await exportJWK(privateKey);
  await keeper.change((before) => ({ ...before, ticketKey: { ...made, kty: 'OKP' } }));
  return made;
}
