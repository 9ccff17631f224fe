/** Who may call what. A token carries roles; which roles an issuer may give is part of each service's trust config. */
import { z } from 'zod';

export const Role = z.enum([
  /** A person, by an access token of accounts; may only speak of themselves. */
  'player',
  /** The matchmaker, or a studio's own in its place. */
  'matchmaker',
  /** A studio's trusted backend, such as a party service. */
  'backend',
  /** A person on call. */
  'operator',
  /** The allocator towards the other services. */
  'allocator',
  /** A game server's pod, by a projected Kubernetes token. */
  'game-server',
  /** One session, by the grant that the allocator gives with a claim. */
  'session',
]);
export type Role = z.infer<typeof Role>;

/** The audience of every token of this system. */
export const AUDIENCE = 'lifeverse';
