/** Where one stack keeps what it knows. Two stacks with two folders run side by side. */
import path from 'node:path';

export interface StateFolder {
  readonly root: string;
  /** Databases and clusters. */
  readonly data: string;
  readonly logs: string;
  /** Records of running processes. */
  readonly run: string;
  readonly tls: string;
  readonly issuer: string;
  /** Files made for services at each start: tokens, trusted issuers, clusters. */
  readonly config: string;
  readonly pods: string;
  readonly portsFile: string;
  /** Names every URL, for any outside tool. */
  readonly stackFile: string;
}

/** `LIFEVERSE_STATE_DIR`, else `.local` in the tree. */
export function stateFolder(env: Readonly<Record<string, string | undefined>>, tree: string): StateFolder {
  const given = env['LIFEVERSE_STATE_DIR'];
  const root = given === undefined || given === '' ? path.join(tree, '.local') : path.resolve(given);
  const inside = (name: string): string => path.join(root, name);
  return {
    root,
    data: inside('data'),
    logs: inside('logs'),
    run: inside('run'),
    tls: inside('tls'),
    issuer: inside('issuer'),
    config: inside('config'),
    pods: inside('pods'),
    portsFile: inside('ports.json'),
    stackFile: inside('stack.json'),
  };
}

/** All that `reset` forgets: not the folder itself, in which tests and builds keep things too. */
export function forgettable(state: StateFolder): string[] {
  return [state.data, state.logs, state.run, state.tls, state.issuer, state.config, state.pods, state.portsFile, state.stackFile];
}
