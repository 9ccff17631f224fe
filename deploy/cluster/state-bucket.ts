/** The bucket that holds Terraform's state: one for each project and environment. Pure. */
import { projectOf, type Known } from './known.ts';

/** Bucket names are the world's: the project's own name, which is unique, goes first. */
export function stateBucket(known: Known): string {
  return `${projectOf(known)}-lifeverse-${known.request.environment}-state`;
}

/** A multi-region of the environment's own continent, so that the loss of a region does not take the state with it. */
export function stateLocation(region: string): string {
  if (region.startsWith('europe-')) return 'EU';
  if (region.startsWith('asia-') || region.startsWith('australia-')) return 'ASIA';
  return 'US';
}
