/** The fleet of one build of the game, and its autoscaler, from what the tree says of the fleet. Pure. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { fleetNameOf } from './fleet-name.ts';

export const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
export type Manifest = z.infer<typeof Manifest>;

const Texts = z.record(z.string(), z.string()).optional();
const Variable = z.looseObject({ name: z.string(), value: z.string().optional() });
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).optional(),
  env: z.array(Variable).optional(),
});
const Labelled = z.looseObject({ labels: Texts });
export const FleetManifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal('Fleet'),
  metadata: z.looseObject({ name: z.string(), labels: Texts, annotations: Texts }),
  spec: z.looseObject({
    replicas: z.int().min(0).optional(),
    template: z.looseObject({
      metadata: Labelled.optional(),
      spec: z.looseObject({
        container: z.string().optional(),
        template: z.looseObject({ metadata: Labelled.optional(), spec: z.looseObject({ containers: z.array(Container).min(1) }) }),
      }),
    }),
  }),
});
export type FleetManifest = z.infer<typeof FleetManifest>;
const AutoscalerManifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal('FleetAutoscaler'),
  metadata: z.looseObject({ name: z.string(), labels: Texts }),
  spec: z.looseObject({ fleetName: z.string() }),
});
type AutoscalerManifest = z.infer<typeof AutoscalerManifest>;

export interface FleetOfBuild {
  /** What requests call it. */
  readonly fleet: string;
  readonly build: string;
  readonly manifest: FleetManifest;
  readonly autoscaler: AutoscalerManifest | undefined;
  /** The game server's. */
  readonly image: string;
  /** Ready servers that it is brought up with at least. */
  readonly free: number;
  /** Of all of this: tells whether what stands in a cluster was made from it. */
  readonly digest: string;
}

/** Servers that a fleet keeps free where it says nothing: as the allocator's scaling does. */
const DEFAULT_FREE = 2;
const BUFFER = 'lifeverse.dev/buffer';
const LEAST = 'lifeverse.dev/min';
/** By this variable or this argument a game server may be told its build; one that was built with it knows it anyway. */
const BUILD_VARIABLE = 'GAME_BUILD';
const BUILD_ARGUMENT = '--build=';

/** The fleets by name. @throws ZodError for one that is no Fleet as Agones has it. */
export function fleetsIn(manifests: readonly Manifest[]): string[] {
  return manifests.filter(({ kind }) => kind === 'Fleet').map(({ metadata }) => metadata.name);
}

/** @param image the game server's; as the manifest says where absent */
export function fleetOfBuild(manifests: readonly Manifest[], fleet: string, build: string, image: string | undefined): FleetOfBuild {
  const base = FleetManifest.parse(manifests.find(({ kind, metadata }) => kind === 'Fleet' && metadata.name === fleet));
  const scaling = manifests
    .filter(({ kind }) => kind === 'FleetAutoscaler')
    .map((one) => AutoscalerManifest.parse(one))
    .find(({ spec }) => spec.fleetName === fleet);
  const name = fleetNameOf(fleet, build);
  const manifest = withBuild(base, { name, fleet, build, image });
  const autoscaler = scaling === undefined ? undefined : ofFleet(scaling, name, { fleet, build });
  return {
    fleet,
    build,
    manifest,
    autoscaler,
    image: gameServerIn(manifest).image,
    free: freeOf(base),
    digest: createHash('sha256')
      .update(JSON.stringify([manifest, autoscaler]))
      .digest('hex')
      .slice(0, 16),
  };
}

interface Named {
  readonly name: string;
  readonly fleet: string;
  readonly build: string;
  readonly image: string | undefined;
}

function withBuild(base: FleetManifest, { name, fleet, build, image }: Named): FleetManifest {
  const labelled = <M extends { labels?: Record<string, string> | undefined }>(metadata: M) => ({
    ...metadata,
    labels: { ...metadata.labels, [GAME_SERVER_MARKS.fleet]: fleet, [GAME_SERVER_MARKS.build]: build },
  });
  const { template } = base.spec;
  const pod = template.spec.template;
  const game = gameServerIn(base);
  const containers = pod.spec.containers.map((one) => (one === game ? told(one, build, image) : one));
  return {
    ...base,
    metadata: { ...labelled(base.metadata), name },
    spec: {
      ...base.spec,
      template: {
        ...template,
        metadata: labelled(template.metadata ?? {}),
        spec: {
          ...template.spec,
          template: { ...pod, metadata: labelled(pod.metadata ?? {}), spec: { ...pod.spec, containers } },
        },
      },
    },
  };
}

function freeOf({ metadata, spec }: FleetManifest): number {
  const { [BUFFER]: buffer = DEFAULT_FREE, [LEAST]: least = 0 } = metadata.annotations ?? {};
  return Math.max(1, spec.replicas ?? Math.max(Number(buffer), Number(least)));
}

function gameServerIn({ spec }: FleetManifest): z.infer<typeof Container> {
  const { container, template } = spec.template.spec;
  const { containers } = template.spec;
  const found = container === undefined ? containers[0] : containers.find(({ name }) => name === container);
  if (found === undefined)
    throw new Error(`the fleet's spec.template.spec.container names ${container ?? ''}, and there is no such container`);
  return found;
}

function told(container: z.infer<typeof Container>, build: string, image: string | undefined): z.infer<typeof Container> {
  return {
    ...container,
    image: image ?? container.image,
    ...(container.args === undefined
      ? {}
      : { args: container.args.map((one) => (one.startsWith(BUILD_ARGUMENT) && !one.includes('$(') ? `${BUILD_ARGUMENT}${build}` : one)) }),
    ...(container.env === undefined
      ? {}
      : { env: container.env.map((one) => (one.name === BUILD_VARIABLE ? { ...one, value: build } : one)) }),
  };
}

function ofFleet(base: AutoscalerManifest, name: string, { fleet, build }: { fleet: string; build: string }): AutoscalerManifest {
  const labels = { ...base.metadata.labels, [GAME_SERVER_MARKS.fleet]: fleet, [GAME_SERVER_MARKS.build]: build };
  const spec = AutoscalerManifest.shape.spec.parse(readdressed(base.spec, fleet, name));
  return { ...base, metadata: { ...base.metadata, name, labels }, spec: { ...spec, fleetName: name } };
}

/** Every webhook, be it within a chain or a schedule, is asked about the fleet that its path ends in. */
function readdressed(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) return value.map((one) => readdressed(one, from, to));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const isAddress = (key === 'url' || key === 'path') && typeof one === 'string' && one.endsWith(`/${from}`);
      return [key, isAddress ? `${one.slice(0, -from.length)}${to}` : readdressed(one, from, to)];
    }),
  );
}
