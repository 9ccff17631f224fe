import assert from 'node:assert/strict';
import { Census } from '../../allocator/clusters/census.ts';
import { poolOf } from '../../allocator/placement/pool.ts';
import { ServerSelector } from '../../contracts/server-selectors.ts';

const LABELS = { agonesFleet: 'agones.dev/fleet', fleet: 'lifeverse.dev/fleet', build: 'lifeverse.dev/build' };

describe('Servers whose builds stand side by side under names of their own', () => {
  const of = (name: string, agones: string, build: string) => ({
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      labels: { [LABELS.agonesFleet]: agones, [LABELS.fleet]: 'duels', [LABELS.build]: build },
    },
    status: { state: 'Ready' },
  });
  const census = new Census(() => 0);
  census.put(of('a', 'duels-1', '1'));
  census.put(of('b', 'duels-2', '2'));
  census.put(of('c', 'duels-2', '2'));

  it('count as one fleet, whose build the request chooses', () => {
    assert.deepEqual(census.fleets(), [{ name: 'duels', ready: 3, allocated: 0, total: 3 }]);
    const found = ['1', '2', '3'].map((build) => census.stock(poolOf({ build, fleet: 'duels' })).map(({ ready }) => ready));
    assert.deepEqual(found, [[1], [2], []]);
    assert.ok(!census.hasFree(poolOf({ build: '2', fleet: 'duels-2' })), 'a request does not name them as Agones does');
  });

  it('are told apart by selectors, which name the fleet as Agones does', () => {
    const among = (fleet: string) =>
      poolOf({ build: '2', selectors: [ServerSelector.parse({ matchLabels: { [LABELS.agonesFleet]: fleet } })] });
    assert.deepEqual(
      ['duels', 'duels-1', 'duels-2'].map((fleet) => census.hasFree(among(fleet))),
      [false, false, true],
    );
  });
});
