/**
 * The definitions of other people's resources that `fleets/` uses, so that tests can have them checked as strictly as Kubernetes' own:
 * Gateway API, cert-manager, External Secrets, Google's load balancer and its managed Prometheus. They come inside of those projects' Go modules.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GO, readModuleFiles, type ModuleFiles } from './go-module-files.ts';
import type { Part } from './part.ts';

const SOURCES: readonly ModuleFiles[] = [
  {
    module: 'sigs.k8s.io/gateway-api',
    version: 'v1.4.1',
    files: ['gateways', 'httproutes'].map((name) => `config/crd/standard/gateway.networking.k8s.io_${name}.yaml`),
  },
  {
    module: 'github.com/cert-manager/cert-manager',
    version: 'v1.21.2',
    files: ['certificates', 'issuers'].map((name) => `deploy/crds/cert-manager.io_${name}.yaml`),
  },
  {
    module: 'github.com/external-secrets/external-secrets',
    version: 'v1.3.2',
    files: ['externalsecrets', 'secretstores'].map((name) => `config/crds/bases/external-secrets.io_${name}.yaml`),
  },
  {
    module: 'github.com/GoogleCloudPlatform/gke-gateway-api',
    version: 'v1.3.0',
    files: ['gcpbackendpolicies', 'gcpgatewaypolicies', 'healthcheckpolicies'].map((name) => `config/crd/networking.gke.io_${name}.yaml`),
  },
  // 87 MB, of which two files are wanted: Go's registry gives whole modules.
  {
    module: 'github.com/GoogleCloudPlatform/prometheus-engine',
    version: 'v0.17.2',
    files: ['podmonitorings', 'clusterpodmonitorings'].map((name) => `charts/operator/crds/monitoring.googleapis.com_${name}.yaml`),
  },
];
/** Of all files, one behind the other. */
const SHA256 = 'a178fde3ea3bbd978bec8f1bc9b7efd04390c14c1acb902699bb81db5d4dc6fb';

export const customResourcesPart: Part = {
  title: 'definitions of custom resources',
  cacheFile: `custom-resources-${SHA256.slice(0, 12)}/custom-resources.yaml`,
  find: () => Promise.resolve(undefined),
  recipes: [
    {
      what: 'go mod download',
      expectedSeconds: 40,
      toolchains: [GO],
      async make(bench) {
        const texts = await readModuleFiles(SOURCES, SHA256, bench);
        const made = path.join(bench.scratch, 'custom-resources.yaml');
        await writeFile(made, texts.map((text) => (text.startsWith('---') ? text : `---\n${text}`)).join('\n'));
        return made;
      },
    },
  ],
};
