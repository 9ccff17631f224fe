/** A game server with its sidecar, and a bridge in front of that as in a pod. */
import { startSidecarBed, type SidecarBed, type SidecarBedOptions } from '../agones/sidecar-bed.ts';
import { startPod, type Pod } from '../../sdk-bridge/stand-in/bridge-process.ts';

export interface BridgedBed {
  readonly bed: SidecarBed;
  readonly bridge: Pod;
  /** Of the bridge; the health port, which it does not have, is the sidecar's. */
  readonly httpPort: number;
  readonly healthPort: number;
  readonly grpcPort: number;
  readonly namespace: string;
  /** Has Agones' sidecar write what waits. */
  readonly write: () => void;
  close(): Promise<void>;
}

export async function startBridgedBed(options: SidecarBedOptions): Promise<BridgedBed> {
  const bed = await startSidecarBed(options);
  const bridge = await startPod({
    env: {
      AGONES_SDK_GRPC_PORT: String(bed.grpcPort),
      AGONES_SDK_HTTP_PORT: String(bed.httpPort),
      POD_NAME: options.name,
      POD_NAMESPACE: options.namespace,
    },
  });
  return {
    bed,
    bridge,
    httpPort: Number(new URL(bridge.url()).port),
    healthPort: bed.healthPort,
    grpcPort: bridge.grpcPort(),
    namespace: options.namespace,
    write: () => bed.write(),
    close: async () => {
      await bridge.close();
      bed.stop();
    },
  };
}
