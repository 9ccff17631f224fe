/** Whether new servers come up, or fail in a way that waiting does not mend. Pure. */

/** One look at the servers of a fleet that comes up. */
export interface StartLook {
  /** By uid: the name and state of each server. */
  readonly servers: ReadonlyMap<string, { readonly name: string; readonly state: string }>;
  /** Of servers that are not Ready: what holds their pods up, in Kubernetes' words. */
  readonly holdUps: readonly { readonly server: string; readonly reason: string; readonly message: string }[];
}

/** What has been seen so far. */
export interface StartStory {
  /** By uid. A server that was Allocated ends in its time. */
  readonly seen: ReadonlyMap<string, { readonly name: string; readonly wasOfUse: boolean }>;
  /** Names of servers that came and ended without ever having been of use. */
  readonly died: readonly string[];
  /** Reason → since when it has held some server up without a break, in milliseconds since the epoch. */
  readonly heldUpSince: ReadonlyMap<string, number>;
}

export const NEW_STORY: StartStory = { seen: new Map(), died: [], heldUpSince: new Map() };

export interface StartFault {
  readonly server: string;
  readonly why: string;
}

const BROKEN: ReadonlySet<string> = new Set(['Unhealthy', 'Error']);
/** Servers die for reasons of their own now and then; so many of a fleet that just comes up have one in common. */
const MOST_DEAD = 3;
/** What a kubelet says of a container that will not run until somebody mends something. */
const HOPELESS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'CrashLoopBackOff',
]);

/** The story with one more look. @param now milliseconds since the epoch */
export function continued(story: StartStory, look: StartLook, now: number): StartStory {
  const gone = [...story.seen].filter(([uid, { wasOfUse }]) => !look.servers.has(uid) && !wasOfUse).map(([, { name }]) => name);
  const broken = [...look.servers.values()].filter(({ state }) => BROKEN.has(state)).map(({ name }) => name);
  const reasons = new Set(look.holdUps.map(({ reason }) => reason).filter((reason) => HOPELESS.has(reason)));
  return {
    seen: new Map(
      [...look.servers].map(([uid, { name, state }]) => [
        uid,
        { name, wasOfUse: state === 'Allocated' || story.seen.get(uid)?.wasOfUse === true },
      ]),
    ),
    died: [...new Set([...story.died, ...gone, ...broken])],
    heldUpSince: new Map([...reasons].map((reason) => [reason, story.heldUpSince.get(reason) ?? now])),
  };
}

/** @returns none while there is hope */
export function faultIn(story: StartStory, look: StartLook, now: number, patienceMs: number): StartFault | undefined {
  const stuck = [...story.heldUpSince].find(([, since]) => now - since >= patienceMs)?.[0];
  const held = look.holdUps.find(({ reason }) => reason === stuck);
  if (held !== undefined) return { server: held.server, why: `${held.reason}${held.message === '' ? '' : `: ${held.message}`}` };
  const last = story.died.at(-1);
  if (last === undefined || story.died.length < MOST_DEAD) return undefined;
  return {
    server: last,
    why: `${story.died.length} servers have ended before they were of use, the last ones ${story.died.slice(-MOST_DEAD).join(', ')}`,
  };
}
