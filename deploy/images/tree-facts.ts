/** What git says of the tree: what is built, from when it is, and where it comes from. */
import { runCommand, succeeded, type Workshop } from '../tools/command.ts';

export interface TreeFacts {
  readonly commit: string;
  /** As git shortens it. */
  readonly short: string;
  /** When it was committed, in seconds since 1970: the one time in the images. */
  readonly epoch: number;
  /** The tree has changes that the commit has not. */
  readonly isChanged: boolean;
  /** Where it is published, when the remote is a web address; never with a name or password. */
  readonly source: string | undefined;
}

/** @returns undefined where there is no git or no commit. */
export async function treeFacts(shop: Workshop, root: string): Promise<TreeFacts | undefined> {
  const git = async (...args: string[]) => {
    const end = await runCommand(shop, 'git', args, { cwd: root, timeoutMs: 30_000 });
    return succeeded(end) ? end.stdout.trim() : undefined;
  };
  const [commit, short, seconds] = (await git('log', '-1', '--format=%H %h %ct'))?.split(' ') ?? [];
  const status = await git('status', '--porcelain');
  if (commit === undefined || short === undefined || seconds === undefined || status === undefined) return undefined;
  return {
    commit,
    short,
    epoch: Number(seconds),
    isChanged: status !== '',
    source: publicAddress(await git('remote', 'get-url', 'origin')),
  };
}

function publicAddress(remote: string | undefined): string | undefined {
  if (remote === undefined || !remote.startsWith('https://')) return undefined;
  const { origin, pathname } = new URL(remote);
  return `${origin}${pathname.replace(/\.git$/, '')}`;
}
