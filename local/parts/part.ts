/** What a part is: one file that somebody else wrote, which the local stack runs as a process. */

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's cache folder: shared by every clone on the machine. */
  readonly cache: string;
  /** One line for the person who waits. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A program that has to be there before a part can be made. */
export interface Toolchain {
  /** As found on the PATH. */
  readonly command: string;
  readonly howToGet: string;
}

export interface Workbench extends Surroundings {
  /** Empty, on the cache's file system, removed afterwards. */
  readonly scratch: string;
  /** Where the output of commands goes. */
  readonly logFile: string;
}

export interface Recipe {
  /** For the progress line: `go build`, `cargo install`. */
  readonly what: string;
  /** On two free cores, from nothing. */
  readonly expectedSeconds: number;
  readonly toolchains: readonly Toolchain[];
  /** @returns the finished file: in the scratch folder, to be moved into the cache, or elsewhere, where a system package has put it. */
  make(bench: Workbench): Promise<string>;
}

export interface Part {
  /** With its version: `kube-apiserver 1.35.4`. */
  readonly title: string;
  /** Below the cache folder, keyed by version: `kubernetes-1.35.4/kube-apiserver`. */
  readonly cacheFile: string;
  /** The file where it stands ready-made outside the cache (an environment variable, the PATH). */
  find(around: Surroundings): Promise<string | undefined>;
  /** In order of preference; the first whose toolchains are there is taken. */
  readonly recipes: readonly Recipe[];
}
