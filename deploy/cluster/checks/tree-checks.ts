/** What has to be in the tree: values of the environment, manifests of its regions, pins. */
import { PINS_FILE, type Pins } from '../../pins/pins.ts';
import { CHARTS } from '../../pins/charts.ts';
import { unpinnedBases, type BaseImages } from '../../images/base-images.ts';
import { isAtLeast } from '../../../runtime/is-at-least.ts';
import type { Known } from '../known.ts';
import { PLACEMENT_FILE, regionFolders, settingsFile, environmentRoot } from '../paths.ts';
import type { DeclaredVariable } from '../terraform-text.ts';
import { fine, missing, type Check, type Verdict } from './check.ts';

/** What was found in the tree, read by whoever calls. */
export interface TreeFindings {
  /** Names that the engineer's file sets; undefined where there is no such file. */
  readonly set: readonly string[] | undefined;
  /** Of the environment's root; undefined where there is none. */
  readonly variables: readonly DeclaredVariable[] | undefined;
  /** Names of the environment's variables that are set where the deployment runs. */
  readonly given: ReadonlySet<string>;
  readonly bases: BaseImages;
  /** Files that are there and cannot be read, each with what is wrong. */
  readonly faults: readonly string[];
}

export function treeChecks(known: Known, tree: TreeFindings): Check[] {
  const check = (about: string, judge: () => Verdict): Check => ({ about, needs: [], look: { judge } });
  return [
    check('values of the environment', () => judgeValues(known, tree)),
    ...(tree.faults.length === 0 ? [] : [check('files', () => missing(tree.faults.join('; '), 'mend them, or git checkout them'))]),
    check('regions', () => judgeRegions(known)),
    check('pins of charts', () => judgeCharts(known.pins)),
    check('pins of base images', () => judgeBases(known.pins, tree.bases)),
    ...(isEdgeWanted(known) ? [check('UDP proxies', () => judgeEdges(known))] : []),
    ...(tree.variables?.some(({ name }) => name === 'mongodbatlas_org_id') === true
      ? [check('keys of Atlas', () => judgeAtlas(tree.given))]
      : []),
  ];
}

function judgeValues({ request, settings }: Known, { set, variables }: TreeFindings): Verdict {
  const file = settingsFile(request.environment);
  const root = environmentRoot(request.environment);
  if (variables === undefined) return missing(`${root} is not there`, 'take a whole checkout');
  const needed = variables.filter(({ hasDefault }) => !hasDefault).map(({ name }) => name);
  if (set === undefined)
    return missing(
      `${file} is not there; it sets ${needed.join(', ')}`,
      `cp ${root}/${request.environment}.tfvars.example ${file}, and fill it in`,
    );
  const absent = needed.filter((name) => !set.includes(name));
  const strange = set.filter((name) => !variables.some((one) => one.name === name));
  const faults = [
    ...absent.map((name) => `${name} is not set`),
    ...strange.map((name) => `${name} is no variable of ${root}`),
    ...(settings.projectId === undefined && set.includes('project_id') ? ['project_id is not a plain string'] : []),
    ...(settings.domain === undefined && set.includes('domain') ? ['domain is not a plain string'] : []),
  ];
  return faults.length === 0 ? fine(file) : missing(`${file}: ${faults.join('; ')}`, `edit ${file}`);
}

function judgeRegions({ request, regions }: Known): Verdict {
  const folder = regionFolders(request.environment);
  if (regions.length === 0) return missing(`${folder} has no region`, 'take a whole checkout, or add a region: docs/deploy.md');
  const strange = request.only?.filter((name) => !regions.some((region) => region.name === name)) ?? [];
  if (strange.length > 0)
    return missing(
      `REGIONS names ${strange.join(', ')}, of which ${folder} has no folder`,
      `name some of ${regions.map(({ name }) => name).join(', ')}`,
    );
  if (!regions.some(({ services }) => services))
    return missing(`${folder}: no region has services`, 'add services to one of them: docs/deploy.md');
  return fine(regions.map(({ name, services }) => (services ? `${name} with services` : name)).join(', '));
}

function isEdgeWanted({ settings, placement }: Known): boolean {
  return settings.quilkin || Object.values(placement).some(({ udpEdge }) => udpEdge === true);
}

/** First the proxies, then players: an address that nobody stands at would be told to them. */
function judgeEdges({ request, settings, placement, quilkin }: Known): Verdict {
  const through = Object.keys(placement).filter((region) => placement[region]?.udpEdge === true);
  const file = settingsFile(request.environment);
  if (!settings.quilkin)
    return missing(
      `${PLACEMENT_FILE} sends players of ${through.join(', ')} through UDP proxies, and ${file} does not set quilkin = true`,
      `set it, and take udpEdge away until the proxies stand: docs/udp-proxies.md`,
    );
  if (quilkin === undefined)
    return missing('quilkin = true, and Quilkin’s program is not named', 'QUILKIN=…/quilkin: make quilkin builds one, and says where');
  return fine(through.length === 0 ? 'no players go through them yet' : `players of ${through.join(', ')} go through them`);
}

/** MongoDB's provider takes a pair of keys, or a service account. */
const ATLAS_LOGINS = [
  ['MONGODB_ATLAS_PUBLIC_KEY', 'MONGODB_ATLAS_PRIVATE_KEY'],
  ['MONGODB_ATLAS_CLIENT_ID', 'MONGODB_ATLAS_CLIENT_SECRET'],
];

function judgeAtlas(given: ReadonlySet<string>): Verdict {
  const login = ATLAS_LOGINS.find((names) => names.every((name) => given.has(name)));
  if (login !== undefined) return fine(login.join(', '));
  return missing(
    `neither ${ATLAS_LOGINS.map((names) => names.join(' and ')).join(' nor ')} are set`,
    'make a key in Atlas (Organization → Access Manager, Organization Owner), and export it; it belongs into no file',
  );
}

function judgeCharts({ charts }: Pins): Verdict {
  const mend = `make pins asks their repositories by helm, and writes ${PINS_FILE}; look at it and commit it`;
  const absent = CHARTS.filter(({ name }) => charts[name] === undefined).map(({ name }) => name);
  if (absent.length > 0) return missing(`no version is resolved of ${absent.join(', ')}`, mend);
  const old = CHARTS.filter(({ name, atLeast }) => !isAtLeast((charts[name]?.version ?? '').replace(/^v/, ''), atLeast));
  if (old.length > 0)
    return missing(old.map(({ name, atLeast }) => `${name} ${charts[name]?.version ?? ''} is older than ${atLeast}`).join(', '), mend);
  return fine(CHARTS.map(({ name }) => `${name} ${charts[name]?.version ?? ''}`).join(', '));
}

/** Resolved while they are built, they would change the tree in the middle of a deployment. */
function judgeBases({ images }: Pins, bases: BaseImages): Verdict {
  const absent = unpinnedBases(bases, images);
  return absent.length === 0
    ? fine('each by its digest')
    : missing(
        `no digest is resolved of ${absent.join(', ')}`,
        `make pins asks their registries, and writes ${PINS_FILE}; look at it and commit it`,
      );
}
