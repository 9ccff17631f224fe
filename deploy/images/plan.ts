/** What has to be there before the first image is built: looked for all at once, and said all at once. */
import path from 'node:path';
import type { Workshop } from '../tools/command.ts';
import { reasonOf } from '../tools/reason-of.ts';
import { addPins, readPins } from '../pins/pins.ts';
import type { Builder, BuildOrder } from './builders/builder.ts';
import { findBuilder } from './builders/find-builder.ts';
import type { BaseName, Image } from './image-table.ts';
import { isToBePinned } from './base-images.ts';
import { pinned } from './registry/image-reference.ts';
import { resolveDigest } from './registry/resolve-digest.ts';
import { isProgram, stagedServer } from './staged-server.ts';
import { treeFacts, type TreeFacts } from './tree-facts.ts';
import type { Wish } from './wish.ts';

export interface Surroundings {
  readonly shop: Workshop;
  readonly root: string;
  /** Where digests that were resolved are kept: see `deploy/pins/pins.ts`. */
  readonly pinsFile: string;
}

export interface Plan {
  readonly builder: Builder;
  readonly tag: string;
  /** In the order in which they are built. */
  readonly orders: readonly (BuildOrder & { readonly name: string })[];
}

/** @returns the plan, or everything that is missing. */
export async function planImages(wish: Wish, around: Surroundings): Promise<Plan | { readonly missing: readonly string[] }> {
  const missing: string[] = [];
  const builder = await workingBuilder(wish, around, missing);
  const facts = await treeFacts(around.shop, around.root);
  if (facts === undefined) missing.push('git and a commit: the images are named, dated and labelled by it');
  if (facts?.isChanged === true && wish.push && wish.tag === undefined) {
    missing.push('a commit: the tree has changes that the last one has not; commit them, or give TAG=');
  }
  const binary = await serverBinary(wish, missing);
  await lookForQuilkin(wish, missing);
  const bases = await pinnedBases(wish, around, missing);
  if (missing.length > 0 || builder === undefined || facts === undefined) return { missing };
  const tag = wish.tag ?? `${facts.short}${facts.isChanged ? '-dirty' : ''}`;
  const order = (image: Image): Plan['orders'][number] => ({
    name: image.name,
    image: `${wish.registry}/${image.name}:${tag}`,
    dockerfile: path.join(around.root, 'fleets/images', image.dockerfile),
    context: around.root,
    contexts: contextsOf(image, wish),
    args: {
      ...Object.fromEntries(image.bases.map((base) => [base, bases.get(base) ?? ''])),
      ...image.args,
      ...(image.staged === 'SERVER' ? { SERVER_BINARY: binary } : {}),
    },
    labels: labelsOf(wish, facts, tag, bases.get('RUNTIME_IMAGE') ?? ''),
    platform: wish.platform,
    epoch: facts.epoch,
    push: wish.push,
  });
  return { builder, tag, orders: wish.images.map(order) };
}

async function workingBuilder(wish: Wish, { shop }: Surroundings, missing: string[]): Promise<Builder | undefined> {
  const found = await findBuilder(shop, wish.builder);
  if (!('fault' in found)) return found;
  missing.push(`a builder: Docker with buildx, podman or buildah (Debian: apt-get install buildah) – ${found.fault}`);
  return undefined;
}

async function serverBinary({ images, staged: { SERVER: server } }: Wish, missing: string[]): Promise<string> {
  if (!images.some(({ staged }) => staged === 'SERVER')) return '';
  const looked =
    server === undefined
      ? { fault: 'for unreal-server the folder that Unreal has staged: SERVER=…/LinuxServer' }
      : await stagedServer(server);
  if ('binary' in looked) return looked.binary;
  missing.push(looked.fault);
  return '';
}

async function lookForQuilkin({ images, staged: { QUILKIN: program } }: Wish, missing: string[]): Promise<void> {
  if (!images.some(({ staged }) => staged === 'QUILKIN')) return;
  const isRight = program !== undefined && path.basename(program) === 'quilkin' && (await isProgram(program));
  if (!isRight)
    missing.push(
      `for quilkin its program, a file of that name: QUILKIN=…/quilkin, as make quilkin builds it${program === undefined ? '' : `; ${program} is none`}`,
    );
}

/** By the name that the Dockerfile gives it. */
function contextsOf({ staged }: Image, { staged: { SERVER, QUILKIN } }: Wish): Record<string, string> {
  if (staged === 'SERVER' && SERVER !== undefined) return { server: path.resolve(SERVER) };
  return staged === 'QUILKIN' && QUILKIN !== undefined ? { quilkin: path.dirname(path.resolve(QUILKIN)) } : {};
}

/** Each base by digest: as it was given, as it is kept, or as its registry says now, which is then kept. */
async function pinnedBases(wish: Wish, { shop, pinsFile }: Surroundings, missing: string[]): Promise<ReadonlyMap<BaseName, string>> {
  const kept = (await readPins(pinsFile)).images;
  const names = [...new Set(wish.images.flatMap(({ bases }) => bases))];
  const digests = await Promise.all(
    names.map(async (base) => {
      const name = wish.bases[base];
      try {
        const digest = kept[name] ?? (await resolveDigest(name, shop.signal));
        return [base, pinned(name, digest), digest] as const;
      } catch (cause) {
        shop.signal.throwIfAborted();
        missing.push(
          `the base image ${name} (${base}): its digest is not in ${path.basename(pinsFile)}, and cannot be resolved: ${reasonOf(cause)}`,
        );
        return undefined;
      }
    }),
  );
  const found = digests.filter((each) => each !== undefined);
  const resolved = found.flatMap(([base, , digest]) => {
    const name = wish.bases[base];
    return kept[name] === undefined && isToBePinned(name) ? [[name, digest] as const] : [];
  });
  if (resolved.length > 0) {
    await addPins(pinsFile, { images: Object.fromEntries(resolved) });
    shop.say(`Resolved and kept in ${pinsFile}, to be committed:`);
    for (const [name, digest] of resolved) shop.say(`  ${name} is ${digest}`);
  }
  return new Map(found.map(([base, name]) => [base, name]));
}

/** By the names of the OCI image specification. */
function labelsOf(wish: Wish, { commit, epoch, isChanged, source }: TreeFacts, tag: string, base: string): Record<string, string> {
  const from = wish.source ?? source;
  const [name = '', digest = ''] = base.split('@');
  return {
    'org.opencontainers.image.created': new Date(epoch * 1_000).toISOString().replace('.000', ''),
    'org.opencontainers.image.revision': `${commit}${isChanged ? '-dirty' : ''}`,
    'org.opencontainers.image.version': tag,
    ...(from === undefined ? {} : { 'org.opencontainers.image.source': from }),
    'org.opencontainers.image.base.name': name,
    'org.opencontainers.image.base.digest': digest,
  };
}
