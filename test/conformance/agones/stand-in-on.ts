/** Agones' stand-in in this process, on a control plane that a test has started. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { KubeConnection } from '../../../local/agones/kube/kube-connection.ts';
import { jsonLog } from '../../../local/agones/log.ts';
import { SERVING_NAMES } from '../../../local/agones/manifests.ts';
import { startStandIn } from '../../../local/agones/stand-in.ts';
import type { RunningCluster } from '../../../local/cluster/start-cluster.ts';
import { freePort } from '../../../local/processes/free-port.ts';
import { testStack } from '../../../local/testing.ts';

/** The stand-in is quick to answer here: its batch wait is as short as in the second run of the recordings. */
const BATCH_WAIT_MS = 10;

export async function startStandInOn(
  cluster: RunningCluster,
  connection: KubeConnection,
  gameNamespaces: readonly string[],
): Promise<Awaited<ReturnType<typeof startStandIn>>> {
  const { authority } = await testStack();
  const name = `agones-of-${cluster.name}`;
  const files = await authority.issue({ name, commonName: name, use: 'server', dnsNames: SERVING_NAMES });
  const now = (): Date => new Date();
  const firstPort = await freePort();
  return startStandIn({
    connection,
    port: 0,
    certificate: { cert: await readFile(files.certFile, 'utf8'), key: await readFile(files.keyFile, 'utf8') },
    caBundle: await readFile(cluster.caFile, 'utf8'),
    hostPorts: { first: firstPort, last: Math.min(firstPort + 500, 65_535) },
    batchWaitMs: BATCH_WAIT_MS,
    gameNamespaces,
    log: jsonLog(() => undefined, now),
    chance: { now, random: Math.random, newSuffix: () => randomBytes(8).toString('hex') },
  });
}
