/** better-auth, set up for players: e-mail and password, sessions, and access tokens that the other services check by our key set. */
import { betterAuth } from 'better-auth';
import { mongodbAdapter } from 'better-auth/adapters/mongodb';
import { bearer, jwt } from 'better-auth/plugins';
import type { Db } from 'mongodb';
import { AUDIENCE } from '../contracts/roles.ts';
import { translated } from '../runtime/documents/collection.ts';
import type { Log } from '../runtime/log.ts';

export interface BetterAuthOptions {
  readonly db: Db;
  readonly issuer: string;
  readonly secret: string;
  readonly log: Log;
}

/** Short, since an access token cannot be taken back. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
const SESSION_SECONDS = 30 * 24 * 3_600;

export function createBetterAuth({ db, issuer, secret, log }: BetterAuthOptions) {
  return betterAuth({
    baseURL: issuer,
    secret,
    // One document per write here: nothing needs a transaction, and a standalone database has none.
    database: mongodbAdapter(db, { transaction: false }),
    emailAndPassword: { enabled: true, minPasswordLength: 12, maxPasswordLength: 128 },
    session: { expiresIn: SESSION_SECONDS, updateAge: 24 * 3_600 },
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      log: (level, message) => log[level === 'error' ? 'error' : 'warn']('the accounts library says', { level, text: message }),
    },
    plugins: [
      // Lets a session token stand in a header, in place of a browser's cookie.
      bearer(),
      jwt({
        jwks: { keyPairConfig: { alg: 'EdDSA', crv: 'Ed25519' } },
        jwt: {
          issuer,
          audience: AUDIENCE,
          expirationTime: `${ACCESS_TOKEN_SECONDS}s`,
          getSubject: ({ user }) => user.id,
          definePayload: () => ({ roles: ['player'] }),
        },
        disableSettingJwtHeader: true,
      }),
    ],
  });
}

export type BetterAuth = ReturnType<typeof createBetterAuth>;

/** The library looks before it writes; only an index keeps two racing sign-ups apart. */
export async function ensureAccountIndexes(db: Db): Promise<void> {
  await translated(async () => {
    await db.collection('user').createIndex({ email: 1 }, { unique: true, name: 'email' });
    await db.collection('session').createIndex({ token: 1 }, { unique: true, name: 'token' });
    await db.collection('session').createIndex({ userId: 1 }, { name: 'user' });
    await db.collection('account').createIndex({ userId: 1 }, { name: 'user' });
  });
}
