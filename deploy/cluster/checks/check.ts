/** One thing that has to be so before anything is changed, as data: what is asked, and what the answer means. */
import type { CommandEnd } from '../../tools/command.ts';
import type { CommandLine } from '../command-line.ts';

export type Verdict =
  | { readonly is: 'fine'; readonly detail: string }
  /** It stops a deployment; `mend` is what to do. */
  | { readonly is: 'missing'; readonly detail: string; readonly mend: string }
  /** It cannot be so yet: a step of the deployment sees to it. */
  | { readonly is: 'later'; readonly detail: string }
  /** It could not be looked at, and so stops a deployment as well. */
  | { readonly is: 'unknown'; readonly detail: string }
  /** Another that is missing has to be there first. */
  | { readonly is: 'unseen'; readonly detail: string };

export interface Check {
  /** What is looked at, in a few words; names it. */
  readonly about: string;
  /** Checks without which this one says nothing. */
  readonly needs: readonly string[];
  readonly look:
    | { readonly command: CommandLine; readonly judge: (end: CommandEnd) => Verdict }
    | { readonly judge: () => Verdict | Promise<Verdict> };
}

export interface Finding {
  readonly about: string;
  readonly verdict: Verdict;
}

export const fine = (detail: string): Verdict => ({ is: 'fine', detail });
export const missing = (detail: string, mend: string): Verdict => ({ is: 'missing', detail, mend });
export const later = (detail: string): Verdict => ({ is: 'later', detail });
export const unknown = (detail: string): Verdict => ({ is: 'unknown', detail });

export const unseen = (before: readonly string[]): Verdict => ({
  is: 'unseen',
  detail: `is looked at when this is so: ${before.join(', ')}`,
});

/** The first line of what a command said that failed: enough to know which fault it is. */
export function firstWords({ outcome, stdout, stderr }: CommandEnd): string {
  if (outcome === 'timed-out') return 'no answer in time';
  const lines = (stderr.trim() === '' ? stdout : stderr).split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '')?.slice(0, 300) ?? 'it said nothing';
}

export function stops({ verdict }: Finding): boolean {
  return verdict.is === 'missing' || verdict.is === 'unknown';
}
