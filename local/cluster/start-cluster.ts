/**
 * A Kubernetes control plane: a real etcd and a real kube-apiserver. There is no scheduler and no controller manager: `local/node/` binds
 * pods, `local/agones/` collects what an owner leaves behind.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Agent, request } from 'undici';
import { obtainParts } from '../parts/obtain-parts.ts';
import { etcdPart, kubeApiserverPart } from '../parts/kubernetes-parts.ts';
import type { Surroundings } from '../parts/part.ts';
import { freePort } from '../processes/free-port.ts';
import type { KeptProcess, ProcessKeeper } from '../processes/process-keeper.ts';
import { waitUntil } from '../processes/wait-until.ts';
import { openLocalAuthority } from '../tls/local-authority.ts';
import type { LocalAuthority } from '../tls/local-authority.ts';
import { apiServerArgs, etcdArgs } from './control-plane-args.ts';
import type { ClusterPorts } from './control-plane-args.ts';
import { serviceAccountKey } from './service-account-key.ts';
import { writeKubeconfig } from './write-kubeconfig.ts';

export interface ClusterOptions {
  /** Also the context of the kubeconfig, and `https://<name>.lifeverse.local` is the issuer of its tokens. */
  readonly name: string;
  /** Data, keys and the kubeconfig; a cluster started on the same folder again has what it had. */
  readonly folder: string;
  readonly around: Surroundings;
  readonly keeper: ProcessKeeper;
  readonly authority: LocalAuthority;
  readonly ports?: ClusterPorts;
  /** `disk`: etcd syncs every write. `process`: it does not, so a kill loses nothing but a power cut may. */
  readonly durability?: 'disk' | 'process';
  readonly authorizationMode?: 'AlwaysAllow' | 'RBAC';
  /** Such as `1.32`: it has the features of that version, and no newer ones. */
  readonly emulatedVersion?: string;
}

export interface RunningCluster {
  readonly name: string;
  readonly url: string;
  readonly kubeconfig: string;
  readonly caFile: string;
  /** Of the user `admin` in the group `system:masters`. */
  readonly tokenFile: string;
  readonly token: string;
  /** `iss` of service account tokens. */
  readonly issuer: string;
  /** Its keys; asks for the token. */
  readonly jwksUrl: string;
  readonly processes: readonly KeptProcess[];
  /** The API server first, then etcd. */
  stop(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const { name, folder, keeper, authority, around } = options;
  const [etcd, kubeApiserver] = await obtainParts([etcdPart, kubeApiserverPart], around);
  if (etcd === undefined || kubeApiserver === undefined) throw new Error('No control plane was obtained');
  const ports = options.ports ?? {
    etcd: await freePort(),
    etcdPeer: await freePort(),
    apiServer: await freePort(),
  };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const token = await adminToken(folder);
  // An authority of its own: whoever holds one of its client certificates speaks for any user.
  const frontProxy = await openLocalAuthority(path.join(folder, 'front-proxy'), `${name} front proxy`, () => new Date());
  const files = {
    folder,
    caFile: authority.caFile,
    serving: await authority.issue({
      name: `${name}-apiserver`,
      commonName: `${name}-apiserver`,
      use: 'server',
      dnsNames: ['kubernetes.default.svc'],
    }),
    etcd: await authority.issue({ name: `${name}-etcd`, commonName: `${name}-etcd`, use: 'both' }),
    frontProxyCa: frontProxy.caFile,
    frontProxyClient: await frontProxy.issue({
      name: 'client',
      commonName: 'front-proxy-client',
      use: 'client',
    }),
    serviceAccountKey: await serviceAccountKey(folder),
    tokens: path.join(folder, 'tokens.csv'),
  };
  await writeFile(files.tokens, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });

  const issuer = issuerOf(name);
  const setup = {
    files,
    ports,
    issuer,
    durability: options.durability ?? 'process',
    authorizationMode: options.authorizationMode ?? 'AlwaysAllow',
    emulatedVersion: options.emulatedVersion,
  };
  const processes: KeptProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const kept of processes.toReversed()) await kept.stop();
  };
  const url = `https://127.0.0.1:${ports.apiServer}`;
  try {
    processes.push(await keeper.start({ name: `${name}-etcd`, command: etcd, args: etcdArgs(setup) }));
    // The API server waits for etcd by itself.
    processes.push(
      await keeper.start({
        name: `${name}-apiserver`,
        command: kubeApiserver,
        args: apiServerArgs(setup),
      }),
    );
    await untilReady(name, url, token, authority.caFile, processes, around.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeKubeconfig({ file: kubeconfig, cluster: name, url, caFile: authority.caFile, token });
  return {
    name,
    url,
    kubeconfig,
    caFile: authority.caFile,
    tokenFile: path.join(folder, 'admin.token'),
    token,
    issuer,
    jwksUrl: `${url}/openid/v1/jwks`,
    processes,
    stop,
  };
}

export function issuerOf(cluster: string): string {
  return `https://${cluster}.lifeverse.local`;
}

async function adminToken(folder: string): Promise<string> {
  const file = path.join(folder, 'admin.token');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    const token = randomBytes(24).toString('base64url');
    await writeFile(file, `${token}\n`, { mode: 0o600 });
    return token;
  }
}

async function untilReady(
  name: string,
  url: string,
  token: string,
  caFile: string,
  processes: readonly KeptProcess[],
  signal: AbortSignal,
): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: await readFile(caFile, 'utf8') } });
  try {
    await waitUntil(
      async () => {
        const ended = processes.find((kept) => kept.end !== undefined);
        if (ended !== undefined) throw new Error(`${ended.name} has ended while starting, see ${ended.logFile}`);
        return isReady(`${url}/readyz`, token, dispatcher);
      },
      { what: `the API server of ${name} is ready`, deadlineMs: 240_000, signal, everyMs: 100 },
    );
  } finally {
    await dispatcher.close();
  }
}

async function isReady(url: string, token: string, dispatcher: Agent): Promise<boolean> {
  try {
    // With the token: where authorization allows all, nobody is anonymous.
    const answer = await request(url, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(2_000),
    });
    await answer.body.dump();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}
