/** What accounts counts: logins, and logins refused, which is what password guessing looks like. */
import { Counter, type Registry } from 'prom-client';
import type { Log } from '../runtime/log.ts';

export interface AccountsEvents {
  signedUp(): void;
  signedIn(): void;
  signInRefused(): void;
}

export function createAccountsEvents(registry: Registry, log: Log): AccountsEvents {
  const logins = new Counter({
    name: 'lifeverse_logins_total',
    help: 'Sign-ups and sign-ins, by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    signedUp: () => logins.inc({ outcome: 'signed-up' }),
    signedIn: () => logins.inc({ outcome: 'signed-in' }),
    signInRefused: () => {
      logins.inc({ outcome: 'refused' });
      log.info('sign-in refused', {});
    },
  };
}
