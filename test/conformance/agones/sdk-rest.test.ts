/** The SDK's REST face: every recorded call, in its order, on one game server. */

import type { Bindings } from './compare.ts';
import { sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { judgeCase, titleOf } from './judge-case.ts';
import { replayableRest, REST_FILE, REST_SPEC, restDifferences } from './replay-rest.ts';
import { standNode, startSidecarBed, type SidecarBed } from './sidecar-bed.ts';

const START_MS = 120_000;

describe('Agones conformance: the SDK over REST', () => {
  const bindings: Bindings = new Map();
  let cluster: ConformanceCluster;
  let bed: SidecarBed | undefined;

  before(async function () {
    this.timeout(START_MS);
    cluster = await sharedStandIn();
    await standNode(cluster);
    bed = await startSidecarBed({ cluster, namespace: 'rest', name: 'g1', spec: REST_SPEC });
  });

  after(() => {
    bed?.stop();
  });

  for (const recorded of replayableRest()) {
    it(titleOf(REST_FILE, recorded.name), async () => {
      judgeCase(REST_FILE, recorded.name, await restDifferences(assured(bed), recorded, bindings));
    });
  }
});

function assured(bed: SidecarBed | undefined): SidecarBed {
  if (bed === undefined) throw new Error('the sidecar did not start');
  return bed;
}
