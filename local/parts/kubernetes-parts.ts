/** etcd and kube-apiserver, built from the Go module beside this file, or taken from `KUBEBUILDER_ASSETS`. */
import path from 'node:path';
import { isExecutableFile } from '../../runtime/find-on-path.ts';
import { goBuild } from './build-go.ts';
import type { Part, Surroundings, Toolchain } from './part.ts';

/** As in `kubernetes/go.mod`; a test compares. */
export const KUBERNETES_VERSION = '1.35.4';
export const ETCD_VERSION = '3.6.16';

const GO: Toolchain = {
  command: 'go',
  howToGet:
    'Go 1.26 or newer, https://go.dev/dl (or set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, as setup-envtest makes it)',
};
const C_COMPILER: Toolchain = {
  command: 'gcc',
  howToGet: 'a C compiler: apt-get install build-essential, or xcode-select --install',
};
const [MAJOR, MINOR] = KUBERNETES_VERSION.split('.');
/** Kubernetes' release scripts stamp the version in like this; an unstamped API server calls itself v0.0.0 and clients distrust it. */
const LINKER_FLAGS = [
  '-s -w',
  `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`,
  `-X k8s.io/component-base/version.gitMajor=${MAJOR}`,
  `-X k8s.io/component-base/version.gitMinor=${MINOR}`,
].join(' ');
const KUBERNETES = { module: 'kubernetes', linkerFlags: LINKER_FLAGS, toolchains: [GO, C_COMPILER] };

export const etcdPart: Part = {
  title: `etcd ${ETCD_VERSION}`,
  cacheFile: `etcd-${ETCD_VERSION}/etcd`,
  find: (around) => Promise.resolve(givenAsset('etcd', around)),
  recipes: [goBuild({ ...KUBERNETES, name: 'etcd', packagePath: 'go.etcd.io/etcd/server/v3', expectedSeconds: 70 })],
};

export const kubeApiserverPart: Part = {
  title: `kube-apiserver ${KUBERNETES_VERSION}`,
  cacheFile: `kubernetes-${KUBERNETES_VERSION}/kube-apiserver`,
  find: (around) => Promise.resolve(givenAsset('kube-apiserver', around)),
  recipes: [goBuild({ ...KUBERNETES, name: 'kube-apiserver', packagePath: 'k8s.io/kubernetes/cmd/kube-apiserver', expectedSeconds: 300 })],
};

/** @throws where the variable is set but the folder lacks the file: a half-right setting is an error, not a reason to build for minutes. */
function givenAsset(name: string, around: Surroundings): string | undefined {
  const folder = around.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return undefined;
  const file = path.join(folder, name);
  if (!isExecutableFile(file)) throw new Error(`KUBEBUILDER_ASSETS is ${folder}, which has no executable ${name}`);
  return file;
}
