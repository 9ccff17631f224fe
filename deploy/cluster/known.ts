/** All that a plan is made from. It grows while the steps are done. */
import type { Pins } from '../pins/pins.ts';
import type { Outputs } from './outputs.ts';
import type { Request } from './request.ts';

/** A region with a folder of its own in `fleets/overlays/ENV/regions`. */
export interface RegionFolder {
  readonly name: string;
  readonly services: boolean;
}

/** Values of the engineer's `ENV.tfvars`. */
export interface Settings {
  readonly projectId: string | undefined;
  readonly billingAccount: string | undefined;
  readonly domain: string | undefined;
  /** Addresses are reserved for UDP proxies, and these stand before the game servers. */
  readonly quilkin: boolean;
  /** Regions and node pools are those of the environment's root. */
  readonly hasOwnSizes: boolean;
}

/** What the registry has of a tag. */
export interface BuiltImages {
  readonly registry: string;
  readonly tag: string;
  readonly images: Readonly<Record<string, string>>;
}

/** What differs from the rule for one region: kept in `placement.yaml`. */
export interface Placement {
  readonly weight?: number | undefined;
  readonly drain?: boolean | undefined;
  /** Players of new sessions go through its UDP proxies. */
  readonly udpEdge?: boolean | undefined;
}

export interface Known {
  readonly request: Request;
  /** Quilkin's program, where it was named. */
  readonly quilkin: string | undefined;
  readonly settings: Settings;
  readonly regions: readonly RegionFolder[];
  readonly placement: Readonly<Record<string, Placement>>;
  readonly pins: Pins;
  /** The tag of images where none is asked for. */
  readonly commit: string;
  readonly outputs?: Outputs;
  /** Region → authority of its services, a certificate in base64. */
  readonly authorities: Readonly<Record<string, string>>;
  readonly images?: BuiltImages;
}

export function tagOf({ request, commit }: Known): string {
  return request.tag ?? commit;
}

/** Regions to work in: all, or those that were asked for. */
export function regionsOf({ request, regions }: Known): readonly RegionFolder[] {
  return request.only === undefined ? regions : regions.filter(({ name }) => request.only?.includes(name));
}

/** As the engineer's file names it; in a plan without that file a place for it. */
export function projectOf({ settings }: Pick<Known, 'settings'>): string {
  return settings.projectId ?? '<project>';
}
