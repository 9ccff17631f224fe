/** The bridge in front of Agones' sidecar gives every answer that a real sidecar was recorded to give, over REST and over gRPC. */
import { Client, credentials } from '@grpc/grpc-js';

import type { Bindings } from '../agones/compare.ts';
import { sharedStandIn } from '../agones/conformance-cluster.ts';
import { GRPC_FILE, GRPC_SPEC, grpcDifferences, replayableGrpc } from '../agones/replay-grpc.ts';
import { replayableRest, REST_FILE, REST_SPEC, restDifferences } from '../agones/replay-rest.ts';
import { standNode, type SidecarBedOptions } from '../agones/sidecar-bed.ts';
import { startBridgedBed, type BridgedBed } from './bridged-bed.ts';
import { judgeAnswer, titleOf } from './deviations.ts';

const START_MS = 120_000;

describe('The bridge answers as recorded', () => {
  describe('over REST', () => {
    const bindings: Bindings = new Map();
    const bridged = bedOf({ namespace: 'rest-bridged', name: 'g1', spec: REST_SPEC });

    for (const recorded of replayableRest()) {
      it(titleOf(REST_FILE, recorded.name), async () => {
        judgeAnswer(REST_FILE, recorded.name, await restDifferences(bridged(), recorded, bindings));
      });
    }
  });

  describe('over gRPC', () => {
    const bindings: Bindings = new Map();
    const bridged = bedOf({ namespace: 'grpc-bridged', name: 'gr2', spec: GRPC_SPEC });
    let client: Client;

    before(() => void (client = new Client(`127.0.0.1:${bridged().grpcPort}`, credentials.createInsecure())));
    after(() => client?.close());

    for (const recorded of replayableGrpc()) {
      it(titleOf(GRPC_FILE, recorded.name), async () => {
        judgeAnswer(GRPC_FILE, recorded.name, await grpcDifferences({ client, ...bridged() }, recorded, bindings));
      });
    }
  });
});

/** There from before the tests of the present block until after them. */
function bedOf(options: Omit<SidecarBedOptions, 'cluster'>): () => BridgedBed {
  let bridged: BridgedBed | undefined;
  before(async function () {
    this.timeout(START_MS);
    const cluster = await sharedStandIn();
    await standNode(cluster);
    bridged = await startBridgedBed({ cluster, ...options });
  });
  after(() => bridged?.close());
  return () => {
    if (bridged === undefined) throw new Error('the bed is not there yet');
    return bridged;
  };
}
