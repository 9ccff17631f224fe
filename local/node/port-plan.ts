/**
 * Which port of the machine stands for which port of a pod.
 *
 * On a real node every pod has a network of its own, so every pod's bridge may listen on 9358. Here all pods share 127.0.0.1. So each port
 * that belongs to a pod gets a port of the machine, and every mention of it is rewritten:
 *
 *  - **Whose ports?** Those that the pod's containers declare (`ports[].containerPort`), those of its probes, and those given as a flag that
 *    ends in `port` (`--grpc-port=9457`, or `--port 7777` in two arguments).
 *  - **To which?** One with a `hostPort` becomes that host port, since that is where players are sent. Any other becomes a free port, the same
 *    one for every mention in the pod.
 *  - **Which mentions?** A flag or an environment variable whose name ends in `port` (any case) and whose value is the number, and `:number`
 *    behind a host anywhere in a value or an argument (`http://127.0.0.1:9358/`). Nothing else: a `--capacity=8080` stays.
 */
import type { Container } from './pod.ts';

export type PortPlan = ReadonlyMap<number, number>;

/** @param free gives the ports to hand out, in order; one for each number of `portsWithoutHostPort`. */
export function planPorts(containers: readonly Container[], free: readonly number[]): PortPlan {
  const unused = [...free];
  const plan = new Map<number, number>();
  for (const { containerPort, hostPort } of containers.flatMap((container) => container.ports)) {
    if (hostPort !== undefined && hostPort !== 0) plan.set(containerPort, hostPort);
  }
  for (const port of portsWithoutHostPort(containers)) {
    const given = unused.shift();
    if (given === undefined) throw new Error('Fewer free ports than the pod has ports');
    plan.set(port, given);
  }
  return plan;
}

/** The ports of the pod that need a free one, each once, in a stable order. */
export function portsWithoutHostPort(containers: readonly Container[]): number[] {
  const declared = containers.flatMap((container) => container.ports);
  const atHost = new Set(declared.flatMap((port) => (port.hostPort === undefined || port.hostPort === 0 ? [] : [port.containerPort])));
  const mentioned = containers.flatMap((container) => [
    ...container.ports.map((port) => port.containerPort),
    ...probePorts(container),
    ...flagPorts([...container.command, ...container.args]),
  ]);
  return [...new Set(mentioned)].filter((port) => port > 0 && !atHost.has(port)).toSorted((a, b) => a - b);
}

export function rewriteArgs(args: readonly string[], plan: PortPlan): string[] {
  return args.map((arg, index) => {
    const flag = PORT_FLAG.exec(arg);
    if (flag !== null) return `${flag[1]}=${mapped(flag[2], plan)}`;
    if (PORT_NAME.test(args[index - 1] ?? '') && NUMBER.test(arg)) return mapped(arg, plan);
    return rewriteHosts(arg, plan);
  });
}

export function rewriteEnv(env: Readonly<Record<string, string>>, plan: PortPlan): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      /port$/i.test(name) && NUMBER.test(value) ? mapped(value, plan) : rewriteHosts(value, plan),
    ]),
  );
}

/** The machine's port behind a probe's port, which may be a port's name. */
export function probePort(port: number | string, container: Container, plan: PortPlan): number | undefined {
  const number = typeof port === 'number' ? port : container.ports.find(({ name }) => name === port)?.containerPort;
  return number === undefined ? undefined : (plan.get(number) ?? number);
}

/** TCP ports of the machine on which the container may listen once it has started: the declared ones, else those that it is given as flags. */
export function listenPorts(container: Container, plan: PortPlan): number[] {
  const declared = container.ports.filter(({ protocol }) => protocol === 'TCP').map(({ containerPort }) => containerPort);
  const own = container.ports.length > 0 ? declared : flagPorts(container.args);
  return own.flatMap((port) => plan.get(port) ?? []);
}

const NUMBER = /^\d{1,5}$/;
const PORT_NAME = /^--?[\w-]*port$/i;
const PORT_FLAG = /^(--?[\w-]*port)=(\d{1,5})$/i;
/** `host:port`, where what follows cannot be part of the number or of a longer word. */
const HOST_PORT = /(?<=(?:localhost|\d|\]|[a-z])):(\d{1,5})(?![\w.:])/gi;

function probePorts(container: Container): number[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const probes = [livenessProbe, readinessProbe, startupProbe];
  const ports = [...probes.map((probe) => probe?.httpGet?.port ?? probe?.tcpSocket?.port), lifecycle?.preStop?.httpGet?.port];
  return ports.filter((port) => typeof port === 'number');
}

function flagPorts(args: readonly string[]): number[] {
  return args.flatMap((arg, index) => {
    const flag = PORT_FLAG.exec(arg);
    if (flag !== null) return [Number(flag[2])];
    return PORT_NAME.test(args[index - 1] ?? '') && NUMBER.test(arg) ? [Number(arg)] : [];
  });
}

function mapped(text: string | undefined, plan: PortPlan): string {
  return String(plan.get(Number(text)) ?? text);
}

/** Only loopback hosts are the pod's own; a port of any other host is somebody else's. */
function rewriteHosts(text: string, plan: PortPlan): string {
  return text.replace(HOST_PORT, (whole: string, port: string, offset: number) => {
    const before = text.slice(0, offset);
    return /(^|[^\w.])(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\[::\])$/.test(before) ? `:${mapped(port, plan)}` : whole;
  });
}
