/** What an image's name says: `docker.io/library/node:24`, `REGISTRY/PATH@sha256:…`. Pure. */

export interface ImageReference {
  readonly registry: string;
  readonly path: string;
  /** A tag, or a digest. */
  readonly version: string;
  readonly isDigest: boolean;
}

/** @throws for a name that leaves the registry or the version to be guessed. */
export function imageReference(name: string): ImageReference {
  const parts = /^(?<registry>[^/]+[.:][^/]+|localhost)\/(?<path>[a-z0-9._/-]+)(?:@(?<digest>sha256:[0-9a-f]{64})|:(?<tag>[\w.-]+))$/.exec(
    name,
  );
  const { registry, path, digest, tag } = parts?.groups ?? {};
  if (registry === undefined || path === undefined) throw new Error(`${name}: is no REGISTRY/PATH:TAG or REGISTRY/PATH@sha256:…`);
  return { registry, path, version: digest ?? tag ?? '', isDigest: digest !== undefined };
}

/** The name with its digest in place of its tag: what a builder takes is then what was resolved. */
export function pinned(name: string, digest: string): string {
  const { registry, path } = imageReference(name);
  return `${registry}/${path}@${digest}`;
}

/** A registry on this machine speaks HTTP without TLS, as every builder assumes of it. */
export function isLoopback(registry: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/.test(registry);
}
