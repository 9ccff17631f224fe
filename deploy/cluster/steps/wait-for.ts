/** What a step can wait for, as data. */
import type { CommandLine } from '../command-line.ts';
import type { Edge } from '../edge/look-at-edge.ts';

export type WaitFor =
  /** A command's output is judged, every `everyMs`, until the judge is content. */
  | {
      readonly judge: 'fleets' | 'deployments' | 'external-secrets';
      readonly command: CommandLine;
      /** Lists the pods that it takes. */
      readonly pods?: CommandLine;
      readonly withinMs: number;
    }
  /** Name servers of the domain are those of the zone. */
  | { readonly judge: 'delegation'; readonly edge: Edge; readonly withinMs: number }
  /** Every host resolves to the address. */
  | { readonly judge: 'hosts'; readonly edge: Edge; readonly withinMs: number }
  /** Every host answers HTTPS under a certificate that is believed. */
  | { readonly judge: 'https'; readonly edge: Edge; readonly withinMs: number };
