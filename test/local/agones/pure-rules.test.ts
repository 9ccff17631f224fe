/** The stand-in's decisions, one by one. */
import assert from 'node:assert/strict';

import { findGameServer, inOrder } from '../../../local/agones/allocation/find-game-server.ts';
import { bufferedReplicas } from '../../../local/agones/controllers/buffer-size.ts';
import { rolloutOf } from '../../../local/agones/controllers/fleet-rollout.ts';
import { PortAllocator } from '../../../local/agones/controllers/port-allocator.ts';
import { planOf } from '../../../local/agones/controllers/set-plan.ts';
import { parseStandInConfig } from '../../../local/agones/config.ts';
import type { Fleet, FleetStatus, GameServerSet } from '../../../local/agones/resources/fleet.ts';
import type { GameServer } from '../../../local/agones/resources/game-server.ts';
import type { GameServerState } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';

const TEMPLATE = { spec: { template: { spec: { containers: [{ name: 'game' }] } } } };

const meta = (name: string) => ({ name, namespace: 'n', uid: name, resourceVersion: '1' });

function server(name: string, state: GameServerState, node = 'one', more: Partial<GameServer['metadata']> = {}): GameServer {
  return {
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: { ...meta(name), ...more },
    spec: { template: { spec: { containers: [] } } },
    status: { state, nodeName: node },
  };
}

function fleet(replicas: number, type: 'Recreate' | 'RollingUpdate' = 'RollingUpdate'): Fleet {
  return { apiVersion: 'agones.dev/v1', kind: 'Fleet', metadata: meta('f'), spec: { replicas, strategy: { type }, template: TEMPLATE } };
}

function set(replicas: number, ready: number, allocated = 0, standing = ready + allocated): GameServerSet {
  const status = {
    replicas: standing,
    readyReplicas: ready,
    allocatedReplicas: allocated,
    reservedReplicas: 0,
    shutdownReplicas: 0,
  };
  return { apiVersion: 'agones.dev/v1', kind: 'GameServerSet', metadata: meta('s'), spec: { replicas, template: TEMPLATE }, status };
}

describe('a set of game servers', () => {
  it('makes what is missing, and never counts what is being taken away', () => {
    const servers = [server('a', 'Ready'), server('b', 'Shutdown'), server('c', 'Ready', 'one', { deletionTimestamp: 'now' })];
    assert.deepEqual(planOf(servers, 3, 'Packed'), { create: 2, shutDown: [] });
  });

  it('takes away only what nobody plays on', () => {
    const servers = [server('a', 'Allocated'), server('b', 'Reserved'), server('c', 'Ready')];
    assert.deepEqual(
      planOf(servers, 0, 'Packed').shutDown.map(({ metadata }) => metadata.name),
      ['c'],
    );
  });

  it('replaces what is broken', () => {
    const plan = planOf([server('a', 'Unhealthy'), server('b', 'Ready')], 2, 'Packed');
    assert.equal(plan.create, 1);
    assert.deepEqual(
      plan.shutDown.map(({ metadata }) => metadata.name),
      ['a'],
    );
  });

  it('empties the emptiest node first when it packs', () => {
    const servers = [server('a', 'Ready', 'full'), server('b', 'Ready', 'full'), server('c', 'Ready', 'empty')];
    assert.deepEqual(
      planOf(servers, 2, 'Packed').shutDown.map(({ metadata }) => metadata.name),
      ['c'],
    );
  });
});

describe('a rollout', () => {
  it('gives a fleet without older sets its whole number', () => {
    assert.deepEqual(rolloutOf(fleet(5), undefined, []), { active: 5, others: [] });
  });

  it('keeps the place of Allocated servers', () => {
    assert.equal(rolloutOf(fleet(5, 'Recreate'), undefined, [set(5, 3, 2)]).active, 3);
  });

  it('never leaves less Ready than the wanted number less what may be unavailable', () => {
    const old = set(10, 10);
    const halfWay = set(3, 0, 0, 3);
    const { others } = rolloutOf(fleet(10), halfWay, [old]);
    const left = others[0]?.replicas ?? 10;
    assert.ok(left >= 7, `only ${left} are left`);
  });

  it('comes to its end', () => {
    let old = set(10, 10);
    let active: GameServerSet | undefined;
    for (let step = 0; step < 20; step += 1) {
      const next = rolloutOf(fleet(10), active, [old]);
      const rest = next.others[0]?.replicas ?? old.spec.replicas ?? 0;
      assert.ok(rest + next.active <= 13, 'more than the surge');
      old = set(rest, rest);
      active = set(next.active, next.active);
    }
    assert.equal(old.spec.replicas, 0);
    assert.equal(active?.spec.replicas, 10);
  });
});

describe('an allocation', () => {
  const ready = [server('b', 'Ready', 'quiet'), server('a', 'Ready', 'busy'), server('c', 'Allocated', 'busy')];
  const asIs = <Item>(items: readonly Item[]): Item[] => [...items];

  it('fills the node on which most is played', () => {
    const candidates = inOrder(ready, 'Packed', [], asIs);
    const place = findGameServer(candidates, 'n', [{ gameServerState: 'Ready' }]);
    assert.equal(candidates[place ?? -1]?.metadata.name, 'a');
  });

  it('prefers an earlier selector, wherever its server stands', () => {
    const selectors = [{ gameServerState: 'Allocated', matchLabels: { none: '1' } }, { gameServerState: 'Ready' }] as const;
    assert.notEqual(findGameServer(ready, 'n', selectors), undefined);
    assert.equal(findGameServer(ready, 'elsewhere', selectors), undefined);
  });
});

describe('host ports', () => {
  const asking = (name: string): GameServer => {
    const one = server(name, 'PortAllocation');
    return { ...one, spec: { ...one.spec, ports: [{ name: 'p', portPolicy: 'Dynamic', protocol: 'TCPUDP', containerPort: 1 }] } };
  };

  it('are given once, and again when they are free', () => {
    const ports = new PortAllocator({ first: 7000, last: 7001 });
    assert.deepEqual(
      ports.allocate(asking('a'))?.map(({ name, hostPort }) => [name, hostPort]),
      [
        ['p-tcp', 7000],
        ['p-udp', 7000],
      ],
    );
    assert.equal(ports.allocate(asking('b'))?.[0]?.hostPort, 7001);
    assert.equal(ports.allocate(asking('c')), undefined);
    ports.release('a');
    assert.equal(ports.allocate(asking('c'))?.[0]?.hostPort, 7000);
  });
});

describe('a buffer', () => {
  const status = (allocatedReplicas: number): FleetStatus => ({
    replicas: 0,
    readyReplicas: 0,
    reservedReplicas: 0,
    allocatedReplicas,
    allocations: 0,
  });

  it('keeps a number or a share free, within its bounds', () => {
    assert.deepEqual(bufferedReplicas({ bufferSize: 2, maxReplicas: 10 }, status(3)), { replicas: 5, isLimited: false });
    assert.deepEqual(bufferedReplicas({ bufferSize: '50%', minReplicas: 1, maxReplicas: 10 }, status(3)), {
      replicas: 6,
      isLimited: false,
    });
    assert.deepEqual(bufferedReplicas({ bufferSize: 2, maxReplicas: 4 }, status(3)), { replicas: 4, isLimited: true });
    assert.deepEqual(bufferedReplicas({ bufferSize: 1, minReplicas: 3, maxReplicas: 4 }, status(0)), { replicas: 3, isLimited: true });
  });
});

describe("the stand-in's settings", () => {
  it('are refused with every fault at once', () => {
    const parsed = parseStandInConfig({ AGONES_PORT: 'x', AGONES_MIN_PORT: '9', AGONES_MAX_PORT: '8' });
    assert.ok('faults' in parsed);
    assert.equal(parsed.faults.length, 6);
  });
});
