/** A step of a deployment as data: what, by which command, why, how one knows that it is done, how it is undone. */
import type { CommandLine } from '../command-line.ts';
import type { OwnNames } from '../leftovers/compute-thing.ts';
import type { WaitFor } from './wait-for.ts';

export type Action =
  /** Commands, one after another. */
  | { readonly kind: 'run'; readonly commands: readonly CommandLine[] }
  /** A command for each line that another prints, as its last argument; none for none. With `only`, those of these lines, in this order. */
  | { readonly kind: 'each'; readonly list: CommandLine; readonly only?: readonly string[]; readonly command: CommandLine }
  /** What GKE's controllers made and did not take away themselves. */
  | { readonly kind: 'leftovers'; readonly own: OwnNames; readonly hasClusters: boolean }
  /** Files, relative to the root of the tree, readable by their owner only. */
  | { readonly kind: 'write'; readonly files: Readonly<Record<string, string>> }
  /** Terraform's plan, made anew, compared with the one that was agreed to, and applied: init, plan, show, apply. */
  | { readonly kind: 'infrastructure'; readonly commands: readonly [CommandLine, CommandLine, CommandLine, CommandLine] }
  /** What the infrastructure gave, as `terraform output -json` tells. */
  | { readonly kind: 'read-outputs'; readonly command: CommandLine }
  /** The authority of a region's services, in base64: waited for, and read from what the second prints. */
  | { readonly kind: 'read-authority'; readonly region: string; readonly commands: readonly [CommandLine, CommandLine] }
  /** Images under a tag: what the registry has is listed, and the rest built and pushed. */
  | {
      readonly kind: 'images';
      readonly registry: string;
      readonly tag: string;
      /** Of the images that are to be there. */
      readonly names: readonly string[];
      readonly commands: readonly [CommandLine, CommandLine];
    }
  /** A new random value, given on standard input and kept nowhere else. */
  | { readonly kind: 'secret'; readonly bytes: number; readonly command: CommandLine }
  /** Again the checks that an empty project could not answer. */
  | { readonly kind: 'check-quotas' }
  | { readonly kind: 'wait'; readonly until: WaitFor }
  | { readonly kind: 'smoke' };

export interface Step {
  /** Names it in messages: `cluster/europe-west1`. */
  readonly id: string;
  readonly what: string;
  readonly why: string;
  readonly action: Action;
  /** How one knows that it is done, in words; with `asked`, a step whose answer says so is not done again. */
  readonly done: { readonly when: string; readonly asked?: Question };
  readonly undo: string;
  /** Where to look when it fails. */
  readonly lookAt: string;
}

/** A command whose success, or whose output, says yes. One whose output is asked for has to succeed: no answer is neither yes nor no. */
export interface Question {
  readonly command: CommandLine;
  readonly yes: 'succeeds' | 'prints' | 'prints-nothing';
}
