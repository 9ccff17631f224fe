/** The accounts API over better-auth. */
import { z } from 'zod';
import { APIError } from 'better-auth/api';
import { decodeJwt } from 'jose';
import { AppError } from '../../contracts/app-error.ts';
import type { accountsApi, SignedIn } from '../../contracts/accounts.ts';
import { duplicateIndex, translateMongoError } from '../../runtime/documents/collection.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { AccountsEvents } from '../accounts-events.ts';
import type { BetterAuth } from '../better-auth.ts';

export function accountsHandlers(auth: BetterAuth, events: AccountsEvents): Handlers<typeof accountsApi.endpoints> {
  const signedIn = async (sessionToken: string): Promise<SignedIn> => {
    const { token } = await auth.api.getToken({ headers: bearerOf(sessionToken) });
    const { sub, exp } = decodeJwt(token);
    return {
      playerId: sub ?? '',
      sessionToken,
      accessToken: token,
      accessTokenExpiresAt: new Date((exp ?? 0) * 1_000).toISOString(),
    };
  };

  return {
    signUp: ({ body }) =>
      translating(async () => {
        const email = body.email.toLowerCase();
        const { token } = await auth.api
          .signUpEmail({ body: { ...body, email } })
          .catch((cause: unknown) => whyNotMade(auth, email, cause));
        if (token === null) throw new AppError('internal', 'sign_up_without_session', 'the account was made without a login');
        events.signedUp();
        return { status: 201, body: await signedIn(token) };
      }),
    signIn: ({ body }) =>
      translating(async () => {
        const { token } = await auth.api.signInEmail({ body: { ...body, email: body.email.toLowerCase() } }).catch((cause: unknown) => {
          if (cause instanceof APIError && cause.statusCode < 500) events.signInRefused();
          throw cause;
        });
        events.signedIn();
        return { status: 201, body: await signedIn(token) };
      }),
    refresh: ({ body }) => translating(async () => ({ status: 201, body: await signedIn(body.sessionToken) })),
    signOut: ({ body }) =>
      translating(async () => {
        // What is no token ends no login, and is not valid afterwards: as was asked.
        if (couldBeToken(body.sessionToken)) await auth.api.signOut({ headers: bearerOf(body.sessionToken) });
        return { status: 204, body: undefined };
      }),
    // Parsed, so that only public parts of a key can leave.
    keys: () => translating(async () => ({ status: 200, body: PublicKeys.parse(await auth.api.getJwks()) })),
  };
}

/** The library reads a session token from a header, which holds no control or non-Latin characters; it never made a token with any. */
function couldBeToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

function bearerOf(sessionToken: string): Headers {
  if (!couldBeToken(sessionToken)) throw loginRefused();
  return new Headers({ authorization: `Bearer ${sessionToken}` });
}

const PublicKeys = z.object({
  keys: z.array(
    z.object({ kty: z.string(), crv: z.string().optional(), x: z.string().optional(), kid: z.string(), alg: z.string().optional() }),
  ),
});

const TAKEN = new Set(['USER_ALREADY_EXISTS', 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL']);

/** The library's errors, and the database's beneath it, as ours. */
async function translating<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    if (duplicateIndex(cause) === 'email') throw emailTaken(cause);
    if (!(cause instanceof APIError)) throw translateMongoError(cause);
    const code = String(cause.body?.code ?? '');
    if (TAKEN.has(code)) throw emailTaken(cause);
    if (cause.statusCode === 401) throw loginRefused(cause);
    if (cause.statusCode < 500) throw new AppError('invalid', code.toLowerCase() || 'refused', cause.message, { cause });
    throw new AppError('internal', 'accounts_failed', cause.message, { cause });
  }
}

/** The library says only that it could not: because another sign-up was faster, or the database is away? */
async function whyNotMade(auth: BetterAuth, email: string, cause: unknown): Promise<never> {
  if (!(cause instanceof APIError) || cause.body?.code !== 'FAILED_TO_CREATE_USER') throw cause;
  const { internalAdapter } = await auth.$context;
  if ((await internalAdapter.findUserByEmail(email)) !== null) throw emailTaken(cause);
  throw new AppError('unavailable', 'account_not_made', 'the account could not be stored; ask again', { cause, retryAfter: 1 });
}

function loginRefused(cause?: unknown): AppError {
  return new AppError('unauthenticated', 'login_refused', 'e-mail, password or session token is wrong', { cause });
}

function emailTaken(cause: unknown): AppError {
  return new AppError('conflict', 'email_taken', 'there is an account with this e-mail address; sign in', { cause });
}
