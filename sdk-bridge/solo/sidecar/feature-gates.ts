/** Agones' feature gates, as far as its sidecar has them (pure). */

export interface FeatureGates {
  /** An alpha: off unless it is said. */
  readonly playerTracking: boolean;
  /** A beta: on unless it is said. */
  readonly countsAndLists: boolean;
}

/** @param text as Agones takes them: `One=true&Other=false`. Gates that the sidecar does not have are passed over. */
export function readFeatureGates(text: string): FeatureGates {
  const gates = new URLSearchParams(text);
  return { playerTracking: gates.get('PlayerTracking') === 'true', countsAndLists: gates.get('CountsAndLists') !== 'false' };
}
