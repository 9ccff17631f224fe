/** The lives of game servers and sets, scene by scene: the same states in the same order as a real Agones gave them. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import type { GameServer } from '../../../local/agones/resources/game-server.ts';
import { sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { FleetStage } from './fleet-stage.ts';
import { recordedLives } from './recorded-lives.ts';
import { standNode } from './sidecar-bed.ts';

const START_MS = 120_000;
const SCENE_MS = 300_000;

interface Scene {
  readonly replicas: number;
  readonly fleet?: object;
  readonly gameServer?: object;
  readonly play: (stage: FleetStage) => Promise<void>;
}

const only = (servers: readonly GameServer[]): GameServer => {
  const [server] = servers;
  assert.ok(server !== undefined, 'there is no such game server');
  return server;
};

const allocated = async (stage: FleetStage): Promise<GameServer> => {
  const server = await stage.allocate();
  assert.ok(server !== undefined, 'none was allocated');
  return server;
};

const endings =
  (phase: 'Succeeded' | 'Failed') =>
  async (stage: FleetStage): Promise<void> => {
    const first = only(stage.inState('Ready'));
    await stage.endPod(first, phase);
    await stage.until('another one is Ready', () => stage.inState('Ready').some(({ metadata }) => metadata.name !== first.metadata.name));
    await stage.endPod(await allocated(stage), phase);
  };

const SCENES: Readonly<Record<string, Scene>> = {
  start: { replicas: 2, play: async (stage) => stage.sdkOf(await allocated(stage)).shutdown() },
  reserve: {
    replicas: 1,
    play: async (stage) => {
      const sdk = stage.sdkOf(only(stage.inState('Ready')));
      sdk.reserve(1);
      // It is so for a second, which a busy machine may not look at.
      await stage.until('it was Reserved', () => stage.lives().gameServers.some((life) => life.includes('Reserved')));
      await stage.until('it is Ready by itself', () => stage.inState('Ready').length === 1);
      sdk.allocate();
      await stage.until('it is Allocated', () => stage.inState('Allocated').length === 1);
      sdk.ready();
      await stage.until('it is Ready again', () => stage.inState('Ready').length === 1);
      sdk.reserve(0);
      await stage.until('it is Reserved for good', () => stage.inState('Reserved').length === 1);
      assert.equal(await stage.allocate(), undefined, 'a Reserved server was allocated');
    },
  },
  exit0: { replicas: 1, play: endings('Succeeded') },
  exit3: { replicas: 1, play: endings('Failed') },
  del: {
    replicas: 2,
    play: async (stage) => {
      await stage.delete(only(stage.inState('Ready')));
      await stage.until('it is replaced', () => stage.inState('Ready').length === 2);
      await stage.delete(await allocated(stage));
    },
  },
  health: {
    replicas: 1,
    gameServer: { health: { initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 2 } },
    // The kubelet asks, and the game never pings.
    play: async (stage) => assert.ok(stage.sdkOf(only(stage.inState('Ready'))).isHealthy()),
  },
  scale: {
    replicas: 4,
    play: async (stage) => {
      const first = await allocated(stage);
      await allocated(stage);
      await stage.patchFleet({ replicas: 1 });
      await stage.until('the free ones are gone', () => stage.inState('Ready').length === 0 && goneIn(stage) === 2);
      await stage.patchFleet({ replicas: 3 });
      await stage.until('one is free again', () => stage.inState('Ready').length === 1);
      await stage.patchFleet({ replicas: 0 });
      await stage.until('it is gone', () => goneIn(stage) === 3);
      stage.sdkOf(first).shutdown();
    },
  },
  overflow: {
    replicas: 2,
    fleet: { allocationOverflow: { labels: { over: '1' }, annotations: { over: '2' } } },
    play: async (stage) => {
      await allocated(stage);
      await allocated(stage);
      await stage.patchFleet({ replicas: 1 });
      const marked = (): GameServer[] => stage.inState('Allocated').filter(({ metadata }) => metadata.labels?.['over'] === '1');
      await stage.until('one is marked', () => marked().length === 1);
      assert.equal(only(marked()).metadata.annotations?.['over'], '2');
    },
  },
  roll: {
    replicas: 4,
    play: async (stage) => {
      const old = await allocated(stage);
      await stage.patchFleet({ template: { metadata: { labels: { v: '2' } } } });
      const renewed = (): GameServer[] => stage.inState('Ready').filter(({ metadata }) => metadata.labels?.['v'] === '2');
      await stage.until('three are renewed', () => renewed().length === 3 && stage.lives().sets.some((set) => set.endsWith('→ 0')));
      await stage.delete(old);
    },
  },
  recreate: {
    replicas: 3,
    fleet: { strategy: { type: 'Recreate' } },
    play: async (stage) => {
      await allocated(stage);
      await stage.patchFleet({ template: { metadata: { labels: { v: '2' } } } });
    },
  },
  delfleet: {
    replicas: 3,
    play: async (stage) => {
      await allocated(stage);
      await stage.deleteFleet();
    },
  },
};

const goneIn = (stage: FleetStage): number => stage.lives().gameServers.filter((life) => life.endsWith('gone')).length;

describe('Agones conformance: lives', () => {
  let cluster: ConformanceCluster;

  before(async function () {
    this.timeout(START_MS);
    cluster = await sharedStandIn();
    await standNode(cluster);
  });

  for (const [id, scene] of Object.entries(SCENES)) {
    const { name, lives } = recordedLives(id);
    it(name, async function () {
      this.timeout(SCENE_MS);
      const stage = new FleetStage(cluster, `life-${id}`);
      try {
        await stage.open(scene.replicas, scene.fleet, scene.gameServer);
        await scene.play(stage);
        const isSame = (): boolean => JSON.stringify(stage.lives()) === JSON.stringify(lives);
        await stage.until('the lives are as recorded', isSame).catch(() => assert.deepEqual(stage.lives(), lives));
        // Nothing more happens to them.
        await sleep(200);
        assert.deepEqual(stage.lives(), lives);
      } finally {
        stage.close();
      }
    });
  }
});
