/** Which program stands for which image. An image that is not in the table cannot be pulled. */
import path from 'node:path';

export interface ImageProgram {
  readonly command: string;
  /** Before the container's own arguments. */
  readonly args: readonly string[];
  /** Ports that the program listens on unless told, as flags: given explicitly here, so that they can be rewritten. */
  readonly defaultArgs?: readonly string[];
  /** It talks to the API server, and gets a kubeconfig for that in place of a mounted token. */
  readonly needsKubeconfig?: boolean;
}

export interface ImageSurroundings {
  /** The tree. */
  readonly root: string;
  readonly node: string;
  /** The built sample server. */
  readonly sampleServer: string;
}

export type ImageTable = (image: string) => ImageProgram | undefined;

export function localImages({ root, node, sampleServer }: ImageSurroundings): ImageTable {
  const script = (file: string): Pick<ImageProgram, 'command' | 'args'> => ({ command: node, args: [path.join(root, file)] });
  const table: Readonly<Record<string, ImageProgram>> = {
    'lifeverse.invalid/agones-sdk': {
      ...script('local/agones/sdk-server/main.ts'),
      defaultArgs: ['--health-port=8080'],
      needsKubeconfig: true,
    },
    'lifeverse.invalid/sdk-bridge': script('sdk-bridge/main.ts'),
    'lifeverse.invalid/sample-server': { command: sampleServer, args: [] },
    /** For tests: sleeps until it is told to stop, or does what its arguments say. */
    'lifeverse.invalid/sleep': script('local/node/sleep-image/main.ts'),
  };
  return (image) => table[image.replace(/(@sha256:.*|:[^/:]*)$/, '')];
}

/** The arguments that are not given already get the program's own defaults. */
export function withDefaultArgs(args: readonly string[], program: ImageProgram): string[] {
  const missing = (program.defaultArgs ?? []).filter((arg) => {
    const name = arg.slice(0, arg.indexOf('='));
    return !args.some((given) => given === name || given.startsWith(`${name}=`));
  });
  return [...args, ...missing];
}
