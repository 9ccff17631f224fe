/** How the fleet of one build is called in Agones, where builds of a fleet stand side by side. Pure. */

/** Agones adds two random parts of five to make a game server's name, which is its pod's host name and has 63 at most. */
export const LONGEST_NAME = 51;

/** `sample-duel` and `1.4.2` → `sample-duel-1-4-2`. Two builds may come out the same: whoever makes a fleet looks at its label. */
export function fleetNameOf(fleet: string, build: string): string {
  const spelled = build
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `${fleet}-${spelled}`;
}
