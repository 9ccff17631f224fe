/** What builds images: one of three programs, used in one way. */
import type { Workshop } from '../../tools/command.ts';

export interface BuildOrder {
  /** With registry and tag. */
  readonly image: string;
  readonly dockerfile: string;
  /** The tree. */
  readonly context: string;
  /** Further contexts: name → folder. */
  readonly contexts: Readonly<Record<string, string>>;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: string;
  /** Every time in the image is this one, in seconds since 1970. */
  readonly epoch: number;
  readonly push: boolean;
}

export interface Builder {
  readonly name: 'buildx' | 'podman' | 'buildah';
  /** @returns what is missing for it to work, if anything. */
  check(shop: Workshop): Promise<string | undefined>;
  /** @returns the digest of what was pushed; without push the id that it has here. @throws CommandFailure */
  build(shop: Workshop, order: BuildOrder): Promise<string>;
  /** How what is here only is taken away again. */
  undo(images: readonly string[]): string;
}

export const BUILD_MS = 1_800_000;
export const CHECK_MS = 20_000;

/** `--flag=key=value`, for each. */
export function pairs(flag: string, record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record).map(([key, value]) => `--${flag}=${key}=${value}`);
}
