/** A container's environment, as Kubernetes composes it: `envFrom`, then `env` in order, then `$(NAME)` expanded. */
import type { Container, Pod } from './pod.ts';

/** What a pod may learn about itself besides its own object. */
export interface PodPlace {
  readonly nodeName: string;
  readonly podIp: string;
}

/** ConfigMaps and Secrets of the pod's namespace, secrets decoded; undefined where there is none of that name. */
export interface KeyedSources {
  readonly configMap: (name: string) => Readonly<Record<string, string>> | undefined;
  readonly secret: (name: string) => Readonly<Record<string, string>> | undefined;
}

/** A container cannot start as it is written; the message names the missing object or key. */
export class ConfigFault extends Error {
  override readonly name = 'CreateContainerConfigError';
}

/** @throws ConfigFault for a reference that leads nowhere and is not optional. */
export function containerEnvironment(container: Container, pod: Pod, place: PodPlace, sources: KeyedSources): Record<string, string> {
  const env: Record<string, string> = {};
  for (const from of container.envFrom) {
    const values = sourceOf('configmap', from.configMapRef, sources.configMap) ?? sourceOf('secret', from.secretRef, sources.secret) ?? {};
    for (const [key, value] of Object.entries(values)) env[`${from.prefix}${key}`] = value;
  }
  for (const { name, value, valueFrom } of container.env) {
    const found =
      value !== undefined || valueFrom === undefined ? expandVariables(value ?? '', env) : referred(valueFrom, pod, place, sources);
    if (found !== undefined) env[name] = found;
  }
  return env;
}

/** `$(NAME)` becomes the variable's value where it is known and stays as it is where not; `$$(NAME)` is the escape for `$(NAME)`. */
export function expandVariables(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole: string, after: string, name: string | undefined) => {
    if (after === '$') return '$';
    return name === undefined ? whole : (env[name] ?? whole);
  });
}

/** The downward API's fields. @throws ConfigFault for one that is not known here. */
export function podField(path: string, pod: Pod, place: PodPlace): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed !== null) return (keyed[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[keyed[2] ?? ''] ?? '';
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': place.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName,
    'status.podIP': place.podIp,
    'status.podIPs': place.podIp,
    'status.hostIP': place.podIp,
  };
  const found = fields[path];
  if (found === undefined) throw new ConfigFault(`unsupported fieldPath: ${path}`);
  return found;
}

type ValueFrom = NonNullable<Container['env'][number]['valueFrom']>;

function referred(from: ValueFrom, pod: Pod, place: PodPlace, sources: KeyedSources): string | undefined {
  if (from.fieldRef !== undefined) return podField(from.fieldRef.fieldPath, pod, place);
  return keyOf('configmap', from.configMapKeyRef, sources.configMap) ?? keyOf('secret', from.secretKeyRef, sources.secret);
}

type Lookup = (name: string) => Readonly<Record<string, string>> | undefined;
type Reference = { readonly name: string; readonly optional: boolean };

function sourceOf(kind: string, ref: Reference | undefined, lookup: Lookup): Readonly<Record<string, string>> | undefined {
  if (ref === undefined) return undefined;
  const found = lookup(ref.name);
  if (found === undefined && !ref.optional) throw new ConfigFault(`${kind} "${ref.name}" not found`);
  return found;
}

function keyOf(kind: string, ref: (Reference & { readonly key: string }) | undefined, lookup: Lookup): string | undefined {
  if (ref === undefined) return undefined;
  const value = sourceOf(kind, ref, lookup)?.[ref.key];
  if (value === undefined && !ref.optional) throw new ConfigFault(`couldn't find key ${ref.key} in ${kind} ${ref.name}`);
  return value;
}
