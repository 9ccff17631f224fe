/** The accounts API: who a player is. */
import { z } from 'zod';
import { defineApi, ORDINARY } from './endpoint.ts';
import { Instant, JsonWebKeySet, PlayerId } from './words.ts';

const Password = z.string().min(12).max(128);
const Email = z.email().max(254);

export const SignedIn = z
  .object({
    playerId: PlayerId,
    sessionToken: z.string().describe('Proves the login; exchange it for access tokens'),
    accessToken: z.string().describe('A short-lived EdDSA JWT for the other services'),
    accessTokenExpiresAt: Instant,
  })
  .meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof SignedIn>;

/** A login is costly on purpose and worth guessing: few per minute. */
const LOGIN = { ...ORDINARY, bodyBytes: 4 * 1024, perMinute: 120 };

export const accountsApi = defineApi({
  name: 'accounts',
  title: 'LifeVerse accounts',
  version: '1.0.0',
  description: 'Sign-up, sign-in and access tokens.',
  endpoints: {
    signUp: {
      method: 'POST',
      path: '/v1/accounts',
      summary: 'Make an account and log in',
      access: 'public',
      body: z.object({ email: Email, password: Password, name: z.string().min(1).max(64) }),
      responses: { 201: { description: 'Made, and logged in', body: SignedIn } },
      errors: ['conflict'],
      limits: LOGIN,
      idempotency: 'once',
    },
    signIn: {
      method: 'POST',
      path: '/v1/sessions',
      summary: 'Log in',
      access: 'public',
      body: z.object({ email: Email, password: z.string().min(1).max(128) }),
      responses: { 201: { description: 'Logged in', body: SignedIn } },
      errors: ['unauthenticated'],
      limits: LOGIN,
      idempotency: 'once',
    },
    refresh: {
      method: 'POST',
      path: '/v1/access-tokens',
      summary: 'A fresh access token for a login',
      access: 'public',
      body: z.object({ sessionToken: z.string().min(1).max(512) }),
      responses: { 201: { description: 'The token', body: SignedIn } },
      errors: ['unauthenticated'],
      limits: { ...ORDINARY, bodyBytes: 4 * 1024 },
      idempotency: 'repeatable',
    },
    signOut: {
      method: 'POST',
      path: '/v1/sign-out',
      summary: 'End a login',
      access: 'public',
      body: z.object({ sessionToken: z.string().min(1).max(512) }),
      responses: { 204: { description: 'It is no longer valid' } },
      errors: [],
      limits: { ...ORDINARY, bodyBytes: 4 * 1024 },
      idempotency: 'repeatable',
    },
    keys: {
      method: 'GET',
      path: '/.well-known/jwks.json',
      summary: 'Public keys of access tokens',
      access: 'public',
      responses: { 200: { description: 'The keys', body: JsonWebKeySet } },
      errors: [],
      limits: ORDINARY,
      idempotency: 'safe',
    },
  },
});
