/** Pods and nodes, as far as the stand-in reads them. */
import type { NodeAddress, PodSpec } from './game-server.ts';
import type { KubeObject } from './object-meta.ts';

export interface ContainerStatus {
  readonly name: string;
  readonly state?: { readonly terminated?: { readonly exitCode?: number }; readonly running?: unknown };
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

export interface Node extends KubeObject {
  readonly status?: { readonly addresses?: readonly NodeAddress[] };
}
