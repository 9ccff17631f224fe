import assert from 'node:assert/strict';
import { capacityReplicas } from '../../../local/agones/controllers/capacity-size.ts';
import type { CapacityPolicy, Fleet, FleetAutoscaler, FleetAutoscalerPolicy } from '../../../local/agones/resources/fleet.ts';
import type { GameServer } from '../../../local/agones/resources/game-server.ts';
import { fleetAutoscalerFaults } from '../../../local/agones/webhooks/fleet-autoscaler-verdicts.ts';

const meta = { name: 'f', namespace: 'n', uid: 'u', resourceVersion: '1' };
const template = { spec: { containers: [] } };

/** Servers of `[count, capacity]`; those behind the first ones are newer. */
function askedOf(
  policy: Partial<CapacityPolicy>,
  servers: readonly (readonly [number, number])[],
  allocated = 0,
  made = { count: 1, capacity: 5 },
) {
  const counters = (count: number, capacity: number) => ({ rooms: { count, capacity } });
  const sum = (of: readonly (readonly [number, number])[], at: 0 | 1) => of.reduce((total, one) => total + one[at], 0);
  const busy = servers.slice(0, allocated);
  const rooms = { count: sum(servers, 0), capacity: sum(servers, 1), allocatedCount: sum(busy, 0), allocatedCapacity: sum(busy, 1) };
  const fleet: Fleet = {
    apiVersion: 'agones.dev/v1',
    kind: 'Fleet',
    metadata: meta,
    spec: { scheduling: 'Distributed', template: { spec: { template, counters: { rooms: made } } } },
    status: {
      replicas: servers.length,
      readyReplicas: servers.length - allocated,
      reservedReplicas: 0,
      allocatedReplicas: allocated,
      allocations: allocated,
      counters: { rooms },
    },
  };
  const gameServers = servers.map(([count, capacity], at): GameServer => ({
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: { ...meta, name: `f-${at}`, creationTimestamp: `2026-01-01T00:00:0${at}Z` },
    spec: { template },
    status: { state: at < allocated ? 'Allocated' : 'Ready', counters: counters(count, capacity) },
  }));
  const { replicas, isLimited } = capacityReplicas('Counter', { key: 'rooms', maxCapacity: 100, ...policy }, fleet, gameServers);
  return isLimited ? `${replicas}, limited` : replicas;
}

const same = (many: number, count: number, capacity: number) => Array.from({ length: many }, () => [count, capacity] as const);

describe('a Counter policy', () => {
  it('keeps so much free in the whole fleet, by what one more server would bring', () => {
    assert.equal(askedOf({ bufferSize: 10 }, same(2, 1, 5)), 3);
    assert.equal(askedOf({ bufferSize: 8 }, same(2, 1, 5)), 2);
    assert.equal(askedOf({ bufferSize: 4 }, same(3, 1, 5)), 1);
    assert.throws(() => askedOf({ bufferSize: 10 }, same(2, 5, 5), 0, { count: 5, capacity: 5 }), /does not increase available Capacity/);
  });

  it('keeps a share free of what Allocated servers hold, and asks for one server where they hold nothing', () => {
    assert.equal(askedOf({ bufferSize: '50%', minCapacity: 5 }, same(3, 1, 5)), '1, limited');
    assert.equal(askedOf({ bufferSize: '50%', minCapacity: 5 }, [[5, 5], ...same(3, 0, 5)], 1), 2);
    assert.equal(askedOf({ bufferSize: '50%', minCapacity: 20 }, same(1, 1, 5)), '4, limited');
  });

  it('grows to its minimum whatever is free, and no further than its maximum', () => {
    assert.equal(askedOf({ bufferSize: 1, minCapacity: 18 }, same(2, 1, 5)), '4, limited');
    assert.equal(askedOf({ bufferSize: 30, maxCapacity: 17 }, same(2, 1, 5)), '3, limited');
    assert.throws(() => askedOf({ bufferSize: 1, minCapacity: 18 }, same(1, 0, 0), 0, { count: 0, capacity: 0 }), /Capacity is equal to 0/);
  });

  it('shrinks by the servers that would go first, to its minimum, and to its maximum where no more is free than there should be', () => {
    // The newest goes first: without it 7 are left free, without the next one 2.
    assert.equal(
      askedOf({ bufferSize: 3 }, [
        [3, 5],
        [0, 5],
        [0, 5],
      ]),
      2,
    );
    assert.equal(askedOf({ bufferSize: 3, minCapacity: 10 }, same(3, 0, 5)), '2, limited');
    assert.equal(askedOf({ bufferSize: 3, minCapacity: 15 }, same(3, 0, 5)), '3, limited');
    assert.equal(askedOf({ bufferSize: 20, maxCapacity: 10 }, same(4, 3, 5)), '2, limited');
    assert.equal(askedOf({ bufferSize: 1, maxCapacity: 10 }, same(4, 0, 5)), 1);
  });

  it('cannot be applied where the fleet has no such counter', () => {
    assert.throws(() => askedOf({ key: 'nope', bufferSize: 1 }, same(1, 0, 5)), /Counter key nope does not exist in the Fleet Spec/);
  });
});

describe('what the webhook has against', () => {
  const faults = (policy: FleetAutoscalerPolicy) => {
    const autoscaler: FleetAutoscaler = { apiVersion: 'a', kind: 'FleetAutoscaler', metadata: meta, spec: { fleetName: 'f', policy } };
    return fleetAutoscalerFaults(autoscaler, new Date(0)).map(({ field, message }) => `${field}: ${message}`);
  };

  it('a capacity that cannot be kept', () => {
    assert.deepEqual(faults({ type: 'Counter', counter: { key: 'r', bufferSize: 5, minCapacity: 5, maxCapacity: 9 } }), []);
    assert.deepEqual(faults({ type: 'List' }), ['spec.policy.list: Required value: list policy config params are missing']);
    assert.deepEqual(faults({ type: 'Counter', counter: { key: 'r', bufferSize: 10, minCapacity: 9, maxCapacity: 8 } }), [
      'spec.policy.counter.minCapacity: Invalid value: 9: minCapacity should be smaller than maxCapacity',
      'spec.policy.counter.maxCapacity: Invalid value: 8: maxCapacity should be bigger than or equal to bufferSize',
      'spec.policy.counter.minCapacity: Invalid value: 9: minCapacity should be bigger than or equal to bufferSize',
    ]);
    assert.deepEqual(faults({ type: 'List', list: { key: 'l', bufferSize: '100%', maxCapacity: 8 } }), [
      'spec.policy.list.bufferSize: Invalid value: "100%": bufferSize should be between 1% and 99%',
      'spec.policy.list.minCapacity: Invalid value: "100%":  when bufferSize in percentage format is used, minCapacity should be more than 0',
    ]);
  });

  it('Wasm, whose gate is off, also within a chain', () => {
    const refusal = 'Forbidden: feature WasmAutoscaler must be enabled';
    assert.deepEqual(faults({ type: 'Wasm', wasm: {} }), [`spec.policy.wasm: ${refusal}`]);
    assert.deepEqual(faults({ type: 'Chain', chain: [{ id: 'a', type: 'Wasm', wasm: {} }] }), [
      `spec.policy.chain[0].policy.wasm: ${refusal}`,
    ]);
  });
});
