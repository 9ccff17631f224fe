/** The SDK's gRPC face: every recorded call, in its order, on one game server. */
import { Client, credentials } from '@grpc/grpc-js';

import type { Bindings } from './compare.ts';
import { sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { judgeCase, titleOf } from './judge-case.ts';
import { GRPC_FILE, GRPC_SPEC, grpcDifferences, replayableGrpc } from './replay-grpc.ts';
import { standNode, startSidecarBed, type SidecarBed } from './sidecar-bed.ts';

const START_MS = 120_000;

describe('Agones conformance: the SDK over gRPC', () => {
  const bindings: Bindings = new Map();
  let cluster: ConformanceCluster;
  let bed: SidecarBed | undefined;
  let client: Client;

  before(async function () {
    this.timeout(START_MS);
    cluster = await sharedStandIn();
    await standNode(cluster);
    bed = await startSidecarBed({ cluster, namespace: 'grpc2', name: 'gr2', spec: GRPC_SPEC });
    client = new Client(`127.0.0.1:${bed.grpcPort}`, credentials.createInsecure());
  });

  after(() => {
    client?.close();
    bed?.stop();
  });

  for (const recorded of replayableGrpc()) {
    it(titleOf(GRPC_FILE, recorded.name), async () => {
      judgeCase(GRPC_FILE, recorded.name, await grpcDifferences({ client, write: () => bed?.write() }, recorded, bindings));
    });
  }
});
