/** One cluster, as a release sees and changes it. */
import type { FoundCluster } from './find-clusters.ts';
import { openKubeFleets, type KubeServer } from './kube-fleets.ts';
import { observedFleetOf, RELEASE_MARKS, type ObservedFleet } from './observed-fleet.ts';
import type { StartLook } from './start-story.ts';
import type { Mark, Step } from './step.ts';

export interface ReleaseCluster {
  readonly name: string;
  /** As a person looks into it. */
  readonly kubectl: string;
  observe(): Promise<ObservedFleet[]>;
  /** At the servers of a fleet that comes up. */
  lookAtStart(fleet: ObservedFleet): Promise<StartLook>;
  lastWarning(server: string): Promise<string | undefined>;
  /** @returns false where it could not be done now, and another look will tell what is to be done */
  carryOut(step: Step): Promise<boolean>;
}

/** @param check throws when this process may not write any more */
export function openReleaseCluster({ name, config, kubectl }: FoundCluster, namespace: string, check: () => void): ReleaseCluster {
  const kube = openKubeFleets(name, config, namespace);

  const mark = ({ name: fleet, state, note }: Mark, spec: object = {}) => {
    check();
    return kube.changeFleet(fleet, { ...spec, metadata: { annotations: marksOf({ state, note }) } });
  };
  /** Those that were made from what the fleet was last made from. */
  const ownServers = async ({ name: fleet, note }: ObservedFleet): Promise<KubeServer[]> => {
    const servers = await kube.servers(fleet);
    const digest = note?.digest;
    return digest === undefined ? servers : servers.filter(({ annotations }) => annotations[RELEASE_MARKS.digest] === digest);
  };

  return {
    name,
    kubectl: `${kubectl} --namespace ${namespace}`,
    observe: async () => {
      const [fleets, autoscalers] = await Promise.all([kube.fleets(), kube.autoscalers()]);
      return Promise.all(
        fleets.map(async (object) => {
          const fleet = observedFleetOf(name, object, autoscalers);
          if (fleet.state !== 'coming') return fleet;
          return { ...fleet, ready: (await ownServers(fleet)).filter(({ state }) => state === 'Ready').length };
        }),
      );
    },
    lookAtStart: async (fleet) => {
      const servers = await ownServers(fleet);
      const waiting = servers.filter(({ state }) => !['Ready', 'Allocated', 'Reserved', 'Shutdown'].includes(state));
      return { servers: new Map(servers.map((one) => [one.uid, one])), holdUps: await kube.holdUps(waiting) };
    },
    lastWarning: kube.lastWarning,
    carryOut: async (step) => {
      check();
      switch (step.does) {
        case 'bring-up':
          await kube.applyFleet(withMarks(step));
          return true;
        case 'raise':
          await mark(step.mark, { spec: { replicas: step.replicas } });
          return true;
        case 'switch':
          if (step.autoscaler !== undefined) await kube.applyAutoscaler(step.autoscaler);
          if (step.mark !== undefined) await mark(step.mark);
          for (const one of step.leaving) await mark(one);
          return true;
        case 'close':
          // What it takes to bring it back is written first; then nothing may grow it any more; then its free servers go.
          await mark(step.mark);
          check();
          if (step.autoscaler !== undefined) await kube.deleteAutoscaler(step.autoscaler);
          check();
          await kube.changeFleet(step.name, { spec: { replicas: 0 } });
          return true;
        case 'delete':
          return kube.deleteEmptyFleet(step.name);
        case 'await-ready':
        case 'await-cut-off':
          return true;
      }
    },
  };
}

function marksOf({ state, note }: Pick<Mark, 'state' | 'note'>): Record<string, string> {
  return { [RELEASE_MARKS.state]: state, [RELEASE_MARKS.note]: JSON.stringify(note) };
}

function withMarks({ made, mark, replicas }: Extract<Step, { does: 'bring-up' }>) {
  const { manifest, digest } = made;
  const { metadata, spec } = manifest;
  const template = {
    ...spec.template,
    metadata: { ...spec.template.metadata, annotations: { ...annotationsOf(spec.template.metadata), [RELEASE_MARKS.digest]: digest } },
  };
  return {
    ...manifest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...marksOf(mark) } },
    spec: { ...spec, replicas, template },
  };
}

function annotationsOf(metadata: Readonly<Record<string, unknown>> | undefined): object {
  const annotations = metadata?.['annotations'];
  return typeof annotations === 'object' && annotations !== null ? annotations : {};
}
