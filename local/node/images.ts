/** Which program stands for which image. An image that is not in the table cannot be pulled. */
import path from 'node:path';
import { BRIDGE_ENV, BRIDGE_NODE_FLAGS } from '../../sdk-bridge/image/node-flags.ts';

export interface ImageProgram {
  readonly command: string;
  /** Before the container's own arguments. */
  readonly args: readonly string[];
  /** The image's own variables, which the container's go before. */
  readonly env?: Readonly<Record<string, string>>;
  /** What has to be built, where that is not the command itself. */
  readonly built?: string;
  /** Ports that the program listens on unless told, as flags: given explicitly here, so that they can be rewritten. */
  readonly defaultArgs?: readonly string[];
  /** It talks to the API server, and gets `--kubeconfig` for that in place of a mounted token. */
  readonly needsKubeconfig?: boolean;
}

export interface ImageSurroundings {
  /** The tree. */
  readonly root: string;
  readonly node: string;
  /** The built sample server. */
  readonly sampleServer: string;
  /** Agones' own sidecar, to run in place of ours. */
  readonly agonesSdkServer?: string | undefined;
}

export type ImageTable = (image: string) => ImageProgram | undefined;

export function localImages({ root, node, sampleServer, agonesSdkServer }: ImageSurroundings): ImageTable {
  const script = (file: string): Pick<ImageProgram, 'command' | 'args'> => ({ command: node, args: [path.join(root, file)] });
  const table: Readonly<Record<string, ImageProgram>> = {
    // As in its image, except for the sources: those are what one works on here.
    'lifeverse.invalid/sdk-bridge': { command: node, args: [...BRIDGE_NODE_FLAGS, path.join(root, 'sdk-bridge/main.ts')], env: BRIDGE_ENV },
    'lifeverse.invalid/sample-server': {
      command: '/bin/sh',
      args: [path.join(root, 'unreal/run-server.sh'), sampleServer],
      built: sampleServer,
    },
    /** For tests: sleeps until it is told to stop, or does what its arguments say. */
    'lifeverse.invalid/sleep': script('local/node/sleep-image/main.ts'),
  };
  const sidecar: ImageProgram = {
    ...(agonesSdkServer === undefined
      ? script('local/agones/sdk-server/main.ts')
      : // Out of a pod nobody tells it when the game has ended: it goes at SIGTERM.
        { command: agonesSdkServer, args: ['--graceful-termination=false'] }),
    defaultArgs: ['--health-port=8080'],
    needsKubeconfig: true,
  };
  return (image) => {
    const name = image.replace(/(@sha256:.*|:[^/:]*)$/, '');
    // From whichever registry the control plane at hand would have it.
    return name.endsWith('/agones-sdk') ? sidecar : table[name];
  };
}

/** The arguments that are not given already get the program's own defaults. */
export function withDefaultArgs(args: readonly string[], program: ImageProgram): string[] {
  const missing = (program.defaultArgs ?? []).filter((arg) => {
    const name = arg.slice(0, arg.indexOf('='));
    return !args.some((given) => given === name || given.startsWith(`${name}=`));
  });
  return [...args, ...missing];
}
