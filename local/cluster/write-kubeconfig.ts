import { readFile, rename, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

export interface KubeconfigFields {
  readonly file: string;
  readonly cluster: string;
  readonly url: string;
  readonly caFile: string;
  readonly token: string;
}

/** A kubeconfig that stands alone: certificate and token are inside it, the context is named after the cluster. */
export async function writeKubeconfig(fields: KubeconfigFields): Promise<void> {
  const authority = (await readFile(fields.caFile)).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: fields.cluster,
        cluster: { server: fields.url, 'certificate-authority-data': authority },
      },
    ],
    users: [{ name: fields.cluster, user: { token: fields.token } }],
    contexts: [
      {
        name: fields.cluster,
        context: { cluster: fields.cluster, user: fields.cluster, namespace: 'default' },
      },
    ],
    'current-context': fields.cluster,
  };
  const scratch = `${fields.file}.${process.pid}`;
  await writeFile(scratch, stringify(config), { mode: 0o600 });
  await rename(scratch, fields.file);
}
