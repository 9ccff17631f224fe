/** What is bundled for the images: one program each. */

export interface Program {
  /** In the tree. */
  readonly entry: string;
  /**
   * Short names, no blanks, and what is loaded on demand in files of its own: what stays in memory of a program's text counts where one
   * runs beside every game server. The others keep their names, for stack traces and for packages that look at the names of classes.
   */
  readonly small: boolean;
  /** Packages that are read as files, and so stand beside the program as they are. */
  readonly assets: readonly string[];
}

export type ProgramName = 'accounts' | 'allocator' | 'matchmaker' | 'saves' | 'sdk-bridge';

const DOCS_PAGE = 'swagger-ui-dist';
const QUEUE_BOARD = '@bull-board/ui';

export const PROGRAMS: Readonly<Record<ProgramName, Program>> = {
  accounts: { entry: 'accounts/main.ts', small: false, assets: [DOCS_PAGE] },
  allocator: { entry: 'allocator/main.ts', small: false, assets: [DOCS_PAGE, QUEUE_BOARD] },
  matchmaker: { entry: 'matchmaker/main.ts', small: false, assets: [DOCS_PAGE] },
  saves: { entry: 'saves/main.ts', small: false, assets: [DOCS_PAGE] },
  'sdk-bridge': { entry: 'sdk-bridge/main.ts', small: true, assets: [] },
};

/**
 * What packages ask for and do without: other databases' drivers, native accelerators, credentials of clouds that nobody has set up. A name
 * that is not here and cannot be found fails the bundling, and not a process in the night.
 */
export const DONE_WITHOUT: readonly string[] = [
  // mongodb: Kerberos, compressors other than zlib, encryption in the client, credentials of AWS and GCP.
  'kerberos',
  '@mongodb-js/zstd',
  'snappy',
  'mongodb-client-encryption',
  '@aws-sdk/credential-providers',
  'gcp-metadata',
  // rate-limiter-flexible and bullmq: stores that we do not use.
  'pg',
  '@valkey/valkey-glide',
  // ws: native masking, which Node's own speed has made needless.
  'bufferutil',
  'utf-8-validate',
];
