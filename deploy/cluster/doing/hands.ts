/** All with which a deployment touches the world. */
import type { Send } from '../../../contracts/client.ts';
import type { Workshop } from '../../tools/command.ts';
import type { NameServersOf } from '../checks/dns-check.ts';
import type { Knock } from '../smoke/knock.ts';

export interface Hands {
  readonly shop: Workshop;
  /** The root of the tree, as an absolute path. */
  readonly tree: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** @throws what the workshop's signal says. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly randomBytes: (bytes: number) => Buffer;
  readonly nameServersOf: NameServersOf;
  /** @throws where it does not resolve. */
  readonly addressesOf: (host: string) => Promise<readonly string[]>;
  /** Names that a name stands for: its CNAME. @throws where there is none. */
  readonly aliasesOf: (name: string) => Promise<readonly string[]>;
  /** @throws with the reason where it does not answer HTTPS under a certificate that is believed. */
  readonly answersHttps: (host: string) => Promise<void>;
  readonly send: Send;
  readonly knock: Knock;
  /** What a person at a terminal answers; undefined where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}
