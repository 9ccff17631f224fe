/** The base images as the environment's variables name them, or as they usually are. */
import { z } from 'zod';
import { BASES, DEPLOYED, type BaseName } from './image-table.ts';
import { imageReference, isLoopback } from './registry/image-reference.ts';

export type BaseImages = Readonly<Record<BaseName, string>>;

const base = (name: BaseName, has: string) =>
  z
    .string()
    .refine(isWholeName, 'is REGISTRY/PATH:TAG or REGISTRY/PATH@sha256:…')
    .default(BASES[name])
    .describe(`in place of the usual base, with ${has}`);

export const baseEnv = {
  NODE_IMAGE: base('NODE_IMAGE', 'Node 24 and npm'),
  CPP_IMAGE: base('CPP_IMAGE', 'g++, make and the headers of OpenSSL'),
  RUNTIME_IMAGE: base('RUNTIME_IMAGE', 'a C library, libstdc++ and OpenSSL'),
  SHELL_IMAGE: base('SHELL_IMAGE', 'a static /bin/busybox'),
};

export function basesIn({ NODE_IMAGE, CPP_IMAGE, RUNTIME_IMAGE, SHELL_IMAGE }: BaseImages): BaseImages {
  return { NODE_IMAGE, CPP_IMAGE, RUNTIME_IMAGE, SHELL_IMAGE };
}

/** One that names its digest itself needs no pin, and what this machine serves to itself means nothing to others. */
export function isToBePinned(name: string): boolean {
  return !imageReference(name).isDigest && !isLoopback(name);
}

/** @returns bases of the images that every deployment builds, of which no digest is kept. */
export function unpinnedBases(bases: BaseImages, kept: Readonly<Record<string, string>>): string[] {
  const needed = new Set(DEPLOYED.flatMap((image) => image.bases.map((name) => bases[name])));
  return [...needed].filter((name) => isToBePinned(name) && kept[name] === undefined);
}

function isWholeName(name: string): boolean {
  try {
    imageReference(name);
    return true;
  } catch {
    return false;
  }
}
