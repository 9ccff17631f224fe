/** The flags of etcd and kube-apiserver, as lists: pure, so that what differs from a default stands in one place with its reason. */
import path from 'node:path';
import type { CertificateFiles } from '../tls/local-authority.ts';

export interface ClusterPorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
}

export interface ControlPlane {
  readonly files: {
    readonly folder: string;
    readonly caFile: string;
    readonly serving: CertificateFiles;
    readonly etcd: CertificateFiles;
    readonly frontProxyCa: string;
    readonly frontProxyClient: CertificateFiles;
    readonly serviceAccountKey: string;
    readonly tokens: string;
  };
  readonly ports: ClusterPorts;
  readonly issuer: string;
  readonly durability: 'disk' | 'process';
  readonly authorizationMode: 'AlwaysAllow' | 'RBAC';
  /** Such as `1.32`: it has the features of that version, and no newer ones. */
  readonly emulatedVersion: string | undefined;
}

export function etcdArgs({ files, ports, durability }: ControlPlane): string[] {
  const clientUrl = `https://127.0.0.1:${ports.etcd}`;
  const peerUrl = `https://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--name=local`,
    `--data-dir=${path.join(files.folder, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=local=${peerUrl}`,
    [`--cert-file=${files.etcd.certFile}`, `--key-file=${files.etcd.keyFile}`, `--trusted-ca-file=${files.caFile}`, '--client-cert-auth'],
    [
      `--peer-cert-file=${files.etcd.certFile}`,
      `--peer-key-file=${files.etcd.keyFile}`,
      `--peer-trusted-ca-file=${files.caFile}`,
      '--peer-client-cert-auth',
    ],
    durability === 'process' ? ['--unsafe-no-fsync'] : [],
    // A laptop's cluster runs for weeks: without compaction its history only grows.
    ['--auto-compaction-mode=periodic', '--auto-compaction-retention=1h'],
    '--log-level=warn',
  ].flat();
}

export function apiServerArgs({ files, ports, issuer, authorizationMode, emulatedVersion }: ControlPlane): string[] {
  return [
    `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
    [`--etcd-cafile=${files.caFile}`, `--etcd-certfile=${files.etcd.certFile}`, `--etcd-keyfile=${files.etcd.keyFile}`],
    ['--bind-address=127.0.0.1', `--secure-port=${ports.apiServer}`, '--advertise-address=127.0.0.1'],
    // Loopback addresses are no legal endpoints of the `kubernetes` service, and nobody looks it up.
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24',
    [`--tls-cert-file=${files.serving.certFile}`, `--tls-private-key-file=${files.serving.keyFile}`, `--cert-dir=${files.folder}`],
    [`--token-auth-file=${files.tokens}`, `--authorization-mode=${authorizationMode}`, '--anonymous-auth=false'],
    [`--service-account-issuer=${issuer}`, `--service-account-jwks-uri=https://127.0.0.1:${ports.apiServer}/openid/v1/jwks`],
    [`--service-account-key-file=${files.serviceAccountKey}`, `--service-account-signing-key-file=${files.serviceAccountKey}`],
    [`--requestheader-client-ca-file=${files.frontProxyCa}`, '--requestheader-allowed-names=front-proxy-client'],
    [
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    ],
    [`--proxy-client-cert-file=${files.frontProxyClient.certFile}`, `--proxy-client-key-file=${files.frontProxyClient.keyFile}`],
    // Without a controller manager nobody makes a namespace's default service account, which this admission would wait for.
    '--disable-admission-plugins=ServiceAccount',
    '--profiling=false',
    emulatedVersion === undefined ? [] : [`--emulated-version=${emulatedVersion}`],
  ].flat();
}
