/** From a container's spec to a process: image, environment, paths, ports. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ProcessKeeper } from '../processes/process-keeper.ts';
import type { ClusterReads, Keyed } from './cluster-reads.ts';
import { ConfigFault, containerEnvironment, expandVariables } from './container-environment.ts';
import type { PodPlace } from './container-environment.ts';
import { withDefaultArgs } from './images.ts';
import type { ImageProgram, ImageTable } from './images.ts';
import { rewriteMounts } from './mount-paths.ts';
import type { MountedVolume } from './mount-paths.ts';
import type { Container, Pod } from './pod.ts';
import { listenPorts, rewriteArgs, rewriteEnv } from './port-plan.ts';
import type { PortPlan } from './port-plan.ts';
import type { Launched } from './run-container.ts';
import type { StartGate } from './start-gate.ts';

export interface LaunchParts {
  readonly place: PodPlace;
  readonly images: ImageTable;
  readonly keeper: ProcessKeeper;
  readonly cluster: ClusterReads;
  readonly kubeconfig: string;
  readonly startGate: StartGate;
  /** What every process gets: PATH and the like. */
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly now: () => Date;
}

/** What the pod's containers share. */
export interface PodSetting {
  readonly ports: PortPlan;
  readonly folders: ReadonlyMap<string, string>;
  readonly folder: string;
}

const READ_MS = 10_000;

export async function launchContainer(
  container: Container,
  start: number,
  pod: Pod,
  setting: PodSetting,
  parts: LaunchParts,
): Promise<Launched> {
  const program = parts.images(container.image);
  if (program === undefined) return { reason: 'ErrImagePull', message: `failed to pull image "${container.image}": not found` };
  const built = program.built ?? program.command;
  if (path.isAbsolute(built) && !existsSync(built)) {
    return { reason: 'ErrImagePull', message: `image "${container.image}" is not built: there is no ${built}` };
  }
  try {
    const env = containerEnvironment(container, pod, parts.place, await sourcesOf(container, pod, parts.cluster));
    const mounts = mountsOf(container, setting);
    const spec = {
      // The uid's beginning keeps apart two pods that had one name after another.
      name: `${pod.metadata.namespace}_${pod.metadata.name}_${container.name}_${pod.metadata.uid.slice(0, 8)}`,
      command: program.command,
      args: [...program.args, ...kubeconfigOf(program, parts), ...argsOf(container, program, env, mounts, setting.ports)],
      env: { ...parts.baseEnv, ...program.env, TMPDIR: setting.folder, ...envOf(env, mounts, setting.ports) },
      cwd: setting.folder,
    };
    return { process: await parts.startGate.pass(() => parts.keeper.start(spec), listenPorts(container, setting.ports)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      reason: error instanceof ConfigFault ? 'CreateContainerConfigError' : 'RunContainerError',
      message: `start ${start}: ${message}`,
    };
  }
}

function argsOf(container: Container, program: ImageProgram, env: Keyed, mounts: readonly MountedVolume[], ports: PortPlan): string[] {
  // A `command` would replace the image's entry point, of which there is none here: what it names are arguments of our program.
  const given = [...container.command, ...container.args].map((arg) => rewriteMounts(expandVariables(arg, env), mounts));
  return rewriteArgs(withDefaultArgs(given, program), ports);
}

function envOf(env: Keyed, mounts: readonly MountedVolume[], ports: PortPlan): Record<string, string> {
  const mounted = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, rewriteMounts(value, mounts)]));
  return rewriteEnv(mounted, ports);
}

function kubeconfigOf(program: ImageProgram, parts: LaunchParts): string[] {
  return program.needsKubeconfig === true ? [`--kubeconfig=${parts.kubeconfig}`] : [];
}

function mountsOf(container: Container, setting: PodSetting): MountedVolume[] {
  return container.volumeMounts.flatMap(({ name, mountPath, subPath }) => {
    const folder = setting.folders.get(name);
    return folder === undefined ? [] : [{ mountPath, folder: subPath === undefined ? folder : path.join(folder, subPath) }];
  });
}

/** Read anew at each start, as a kubelet does: a restarted container sees a changed ConfigMap. */
async function sourcesOf(container: Container, pod: Pod, cluster: ClusterReads): Promise<{ configMap: Lookup; secret: Lookup }> {
  const signal = AbortSignal.timeout(READ_MS);
  const refs = container.env.flatMap(({ valueFrom }) => (valueFrom === undefined ? [] : [valueFrom]));
  const configMaps = [...refs.map((ref) => ref.configMapKeyRef), ...container.envFrom.map((from) => from.configMapRef)];
  const secrets = [...refs.map((ref) => ref.secretKeyRef), ...container.envFrom.map((from) => from.secretRef)];
  const { namespace } = pod.metadata;
  return {
    configMap: await lookup(configMaps, (name) => cluster.configMap(namespace, name, signal)),
    secret: await lookup(secrets, (name) => cluster.secret(namespace, name, signal)),
  };
}

type Lookup = (name: string) => Keyed | undefined;

async function lookup(
  refs: readonly ({ readonly name: string } | undefined)[],
  read: (name: string) => Promise<Keyed | undefined>,
): Promise<Lookup> {
  const names = new Set(refs.flatMap((ref) => (ref === undefined ? [] : [ref.name])));
  const found = new Map(await Promise.all([...names].map(async (name) => [name, await read(name)] as const)));
  return (name) => found.get(name);
}
