/** Where players reach a game server: the address of its node and the host ports of its pod (pure). */
import type { GameServer, GameServerStatus, NodeAddress } from '../resources/game-server.ts';
import type { Node, Pod } from '../resources/pod.ts';

/** The kinds of address, the one that players can reach best first. */
const PREFERENCE = ['ExternalDNS', 'ExternalIP', 'InternalDNS', 'InternalIP'];

/** What a game server learns once its pod is bound to a node; nothing while the node has no address. */
export function statusOnNode(
  gameServer: GameServer,
  pod: Pod,
  node: Node,
): Pick<GameServerStatus, 'address' | 'addresses' | 'nodeName' | 'ports'> | undefined {
  const addresses = node.status?.addresses ?? [];
  const best = PREFERENCE.map((type) => addresses.find((address) => address.type === type)).find(Boolean);
  if (best === undefined) return undefined;
  return {
    address: best.address,
    addresses: [...addresses, ...podAddresses(pod)],
    nodeName: node.metadata.name,
    ports: (gameServer.spec.ports ?? []).map((port) => ({
      name: port.name ?? '',
      port: port.hostPort ?? port.containerPort ?? 0,
    })),
  };
}

/** The addresses with those of the pod, or nothing when they are there already. */
export function withPodAddresses(gameServer: GameServer, pod: Pod): NodeAddress[] | undefined {
  const known = gameServer.status?.addresses ?? [];
  const missing = podAddresses(pod).filter(({ address }) => !known.some((one) => one.type === 'PodIP' && one.address === address));
  return missing.length === 0 ? undefined : [...known, ...missing];
}

const podAddresses = (pod: Pod): NodeAddress[] => (pod.status?.podIPs ?? []).map(({ ip }) => ({ type: 'PodIP', address: ip }));
