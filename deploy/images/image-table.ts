/** Which images there are, and what each is made of. The names are those that the manifests of `fleets/` use. */

/** A base image is given to a Dockerfile as a build argument of this name. */
export type BaseName = 'NODE_IMAGE' | 'CPP_IMAGE' | 'RUNTIME_IMAGE' | 'SHELL_IMAGE';

/**
 * Where each base is taken from unless told otherwise. Only the last two are in what runs: a C library with the C++ runtime, OpenSSL and
 * root certificates, without shell or package manager; and a static busybox for the game servers' start script.
 */
export const BASES: Readonly<Record<BaseName, string>> = {
  NODE_IMAGE: 'docker.io/library/node:24-bookworm-slim',
  CPP_IMAGE: 'docker.io/library/buildpack-deps:bookworm',
  RUNTIME_IMAGE: 'gcr.io/distroless/cc-debian12:latest',
  SHELL_IMAGE: 'docker.io/library/busybox:stable-musl',
};

export type Staged = 'SERVER' | 'QUILKIN';

export interface Image {
  readonly name: string;
  /** Below `fleets/images`. */
  readonly dockerfile: string;
  readonly bases: readonly BaseName[];
  readonly args: Readonly<Record<string, string>>;
  /** It is made of something from outside the tree, which this variable has to name. */
  readonly staged?: Staged;
}

export const IMAGES: readonly Image[] = [
  ...['accounts', 'allocator', 'matchmaker', 'saves'].map((name): Image => ({
    name,
    dockerfile: 'service.Dockerfile',
    bases: ['NODE_IMAGE', 'RUNTIME_IMAGE'],
    args: { SERVICE: name },
  })),
  { name: 'sdk-bridge', dockerfile: 'sdk-bridge.Dockerfile', bases: ['NODE_IMAGE', 'RUNTIME_IMAGE'], args: {} },
  { name: 'sample-server', dockerfile: 'sample-server.Dockerfile', bases: ['CPP_IMAGE', 'RUNTIME_IMAGE', 'SHELL_IMAGE'], args: {} },
  { name: 'unreal-server', dockerfile: 'unreal-server.Dockerfile', bases: ['RUNTIME_IMAGE', 'SHELL_IMAGE'], args: {}, staged: 'SERVER' },
  { name: 'quilkin', dockerfile: 'quilkin.Dockerfile', bases: ['RUNTIME_IMAGE'], args: {}, staged: 'QUILKIN' },
];

/** Those that every deployment runs: made of the tree alone. */
export const DEPLOYED: readonly Image[] = IMAGES.filter(({ staged }) => staged === undefined);
