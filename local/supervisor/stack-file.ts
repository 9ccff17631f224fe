/** `stack.json`: what an outside tool has to know of a running stack. */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const Service = z.object({ url: z.string(), opsUrl: z.string() });

const Cluster = z.object({
  name: z.string(),
  region: z.string(),
  url: z.string(),
  kubeconfig: z.string(),
  namespace: z.string(),
  /** `iss` of its pods' tokens. */
  issuer: z.string(),
  /** UDP and TCP ports that its game servers are given. */
  hostPorts: z.object({ first: z.int(), last: z.int() }),
  /** Proxies before its game servers, where it has any; `adminUrl` serves their /metrics. */
  udpEdge: z.object({ host: z.string(), port: z.int(), adminUrl: z.string() }).optional(),
});

export const StackFile = z.object({
  supervisor: z.object({ pid: z.int(), startTime: z.string() }),
  startedAt: z.string(),
  startSeconds: z.number(),
  /** Trust it to reach any listener of the stack. */
  caFile: z.string(),
  logs: z.string(),
  mongo: z.object({ kind: z.string(), url: z.string() }),
  redis: z.object({ url: z.string() }),
  clusters: z.array(Cluster),
  services: z.record(z.string(), Service),
  /** A bearer token per role, for the services. */
  tokens: z.record(z.string(), z.string()),
});
export type StackFile = z.infer<typeof StackFile>;

export async function writeStackFile(file: string, stack: StackFile): Promise<void> {
  // Readable by its owner only: tokens are in it.
  await writeFile(`${file}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** @returns undefined where no stack is up. */
export function readStackFile(file: string): StackFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  return StackFile.parse(JSON.parse(text));
}
