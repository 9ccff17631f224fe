/** Which build each fleet is to have, and every reason why it cannot. Pure. */
import { ConfigError } from '../../runtime/config.ts';
import { fleetNameOf, LONGEST_NAME } from './fleet-name.ts';
import type { FleetOfBuild } from './fleet-of-build.ts';
import type { ObservedFleet } from './observed-fleet.ts';
import { latestOf } from './plan-release.ts';

/** @throws ConfigError with every fault. */
export function releaseTargets(
  observed: readonly ObservedFleet[],
  made: ReadonlyMap<string, readonly FleetOfBuild[]>,
  build: string,
): Map<string, string> {
  const fleets = new Set([...made.values()].flat().map(({ fleet }) => fleet));
  const faults = [...fleets].flatMap((fleet) => {
    const name = fleetNameOf(fleet, build);
    const taken = observed.filter((one) => one.name === name && one.build !== build);
    return [
      ...(name.length > LONGEST_NAME
        ? [
            `BUILD: the fleet would be called ${name}, which has ${name.length} characters; Agones can make game servers of ${LONGEST_NAME} at most`,
          ]
        : []),
      ...taken.map(
        (one) =>
          `BUILD: ${one.cluster} has a fleet ${name} already, of build ${one.build}: builds must differ in more than their punctuation`,
      ),
    ];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return new Map([...fleets].map((fleet) => [fleet, build]));
}

/** @param asked none: every fleet that was ever released. @throws ConfigError with every fault. */
export function rollbackTargets(observed: readonly ObservedFleet[], asked: readonly string[] | undefined): Map<string, string> {
  const known = new Set(observed.filter(({ note }) => note !== undefined).map(({ fleet }) => fleet));
  const fleets = asked ?? [...known];
  if (fleets.length === 0) throw new ConfigError(['nothing was ever released here: there is nothing to go back from']);
  const faults: string[] = [];
  const targets = new Map<string, string>();
  for (const fleet of fleets) {
    const latest = latestOf(observed, fleet);
    const build = latest?.note?.by === 'rollback' ? latest.build : latest?.note?.before;
    if (latest === undefined || !known.has(fleet))
      faults.push(`FLEETS: ${fleet} was never released here; there are ${[...known].join(', ')}`);
    else if (build === undefined)
      faults.push(`${fleet}: ${latest.build} was the first build that was released: there is none to go back to`);
    else {
      const missing = clustersWithout(observed, fleet, build);
      if (missing.length > 0)
        faults.push(`${fleet}: build ${build} is not kept any more in ${missing.join(', ')}: release it anew, make release BUILD=${build}`);
      targets.set(fleet, build);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return targets;
}

function clustersWithout(observed: readonly ObservedFleet[], fleet: string, build: string): string[] {
  const mine = observed.filter((one) => one.fleet === fleet);
  const clusters = new Set(mine.map(({ cluster }) => cluster));
  return [...clusters].filter((cluster) => !mine.some((one) => one.cluster === cluster && one.build === build));
}
