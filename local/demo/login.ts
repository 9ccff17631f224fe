/** A player's login at accounts: an account of its own, and an access token that is always fresh. */
import type { SignedIn } from '../../contracts/accounts.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { PlayerClients } from './clients.ts';
import { keepAsking } from './keep-asking.ts';

export class Login {
  readonly #accounts: PlayerClients['accounts'];
  readonly #now: () => number;
  #signedIn: SignedIn | undefined;

  constructor(accounts: PlayerClients['accounts'], now: () => number) {
    this.#accounts = accounts;
    this.#now = now;
  }

  /** Signs up, and then in, as a player does who comes back tomorrow. @returns the player's id */
  async enter(name: string, email: string, password: string, signal: AbortSignal): Promise<string> {
    const patience = { signal, withinMs: PATIENCE_MS };
    await keepAsking(() => this.#signUp({ name, email, password }, signal), patience);
    const { body } = await keepAsking(() => this.#accounts.signIn({ body: { email, password } }, { signal }), patience);
    this.#signedIn = body;
    return body.playerId;
  }

  async #signUp(body: { readonly name: string; readonly email: string; readonly password: string }, signal: AbortSignal): Promise<void> {
    try {
      await this.#accounts.signUp({ body }, { signal });
    } catch (error) {
      // The sign-up before this one got through, and only its answer did not: the password will tell.
      if (!(error instanceof AppError) || error.code !== 'email_taken') throw error;
    }
  }

  /** For the other services. */
  readonly accessToken = async (): Promise<string | undefined> => {
    const login = this.#signedIn;
    if (login === undefined) return undefined;
    if (Date.parse(login.accessTokenExpiresAt) - this.#now() > SPARE_MS) return login.accessToken;
    const { body } = await this.#accounts.refresh({ body: { sessionToken: login.sessionToken } });
    this.#signedIn = body;
    return body.accessToken;
  };
}

const PATIENCE_MS = 30_000;
const SPARE_MS = 60_000;
