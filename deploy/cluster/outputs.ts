/** What an environment's Terraform gives to whoever installs what runs in it. */
import { z } from 'zod';
import { KubeName } from '../../contracts/words.ts';

const Host = z.string().regex(/^[a-z0-9.-]+$/, 'is a host name');

const RegionOutput = z.object({
  cluster_name: KubeName,
  endpoint: z.url({ protocol: /^https$/ }),
  /** Base64; empty where the endpoint has a public certificate. */
  ca: z.string(),
  /** `iss` of its pods' tokens. */
  issuer: z.url({ protocol: /^https$/ }),
  services: z.boolean(),
});
export type RegionOutput = z.infer<typeof RegionOutput>;

export const Outputs = z.object({
  project_id: z.string().min(1),
  environment: z.string().min(1),
  registry: z.string().min(1),
  regions: z
    .record(KubeName, RegionOutput)
    .refine((regions) => Object.keys(regions).length > 0, 'has no region')
    .refine((regions) => Object.values(regions).some(({ services }) => services), 'has no region with services'),
  /** Host ports that the firewall opens, as `terraform/cluster` takes them. */
  game_ports: z.object({ min: z.int(), max: z.int() }).transform((ports) => JSON.stringify(ports)),
  domain: Host,
  api_hosts: z.object({ allocator: Host, accounts: Host, matchmaker: Host, saves: Host }),
  edge_ip: z.string().min(1),
  /** Region → address of its UDP proxies, where Terraform has reserved one. */
  quilkin_addresses: z.record(KubeName, z.string().min(1)).default({}),
  dns_name_servers: z.array(z.string()),
  cost_note: z.string(),
  secret_names: z.record(z.string(), z.string()),
});
export type Outputs = z.infer<typeof Outputs>;

const Printed = z.record(z.string(), z.object({ value: z.unknown() }));

/** @param text of `terraform output -json`. @returns undefined while there are none. @throws with every field that is not right. */
export function parseOutputs(text: string): Outputs | undefined {
  const printed = Printed.parse(JSON.parse(text));
  if (Object.keys(printed).length === 0) return undefined;
  const parsed = Outputs.safeParse(Object.fromEntries(Object.entries(printed).map(([name, { value }]) => [name, value])));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `  - ${path.join('.')}: ${message}`);
  throw new Error(`the outputs of Terraform are not what is needed here:\n${faults.join('\n')}`);
}
