/** A command as data: to be shown before it is run, and compared in tests. */

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the person's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Its lines are said as they come. */
  readonly shown?: boolean;
  /** It holds what it must give back (Terraform: its lock), and has so long for it after it was asked to stop. */
  readonly orderlyMs?: number;
  /** Its standard output is a secret, and is never kept or shown. */
  readonly secretOutput?: boolean;
}

/** As one would type it at the root of the tree. */
export function showCommand({ command, args, env }: CommandLine): string {
  return [...Object.entries(env ?? {}).map(([name, value]) => `${name}=${quote(value)}`), command, ...args.map(quote)].join(' ');
}

function quote(word: string): string {
  return /^[\w@%+=:,./<>~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
