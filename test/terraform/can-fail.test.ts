/** Each promise can be broken: one line is changed in a copy, and the promise that is named fails, by the plan of the changed copy. */
import assert from 'node:assert/strict';
import { DEV, PROD } from './promises/environment-promises.ts';
import { EVERYWHERE } from './promises/everywhere.ts';
import { planEnvironment } from './plan-environment.ts';
import { terraformBed } from './terraform-bed.ts';
import type { Plan } from './test-output.ts';

interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly breaks: string;
}

/** Two plans show them all: what breaks different promises is changed together. */
const IN_PROD: readonly Mutation[] = [
  {
    file: 'modules/environment/variables.tf',
    from: 'optional(string, "IAM_AUTH")',
    to: 'optional(string, "AUTH_DISABLED")',
    breaks: 'lets into Redis whoever is the allocator to Google, and nobody else',
  },
  {
    file: 'modules/network/main.tf',
    from: 'protocol = "udp"',
    to: 'protocol = "all"',
    breaks: 'opens nothing inwards but UDP to game servers',
  },
  {
    file: 'modules/gke-region/node-pools.tf',
    from: 'effect = "NO_SCHEDULE" }\n      public',
    to: 'effect = "PREFER_NO_SCHEDULE" }\n      public',
    breaks: 'labels and taints the pools as Agones and the fleets ask',
  },
  {
    file: 'modules/gke-region/main.tf',
    from: 'ip_endpoints_config {\n      enabled = false',
    to: 'ip_endpoints_config {\n      enabled = true',
    breaks: 'keeps control planes private, reached by name and IAM only',
  },
  {
    file: 'modules/backups/main.tf',
    from: 'public_access_prevention    = "enforced"',
    to: 'public_access_prevention    = "inherited"',
    breaks: 'keeps every bucket private, versioned, retained for a time, and cleared by age',
  },
  {
    file: 'modules/gke-region/node-pools.tf',
    from: 'boot_disk_kms_key = var.disk_kms_key',
    to: 'boot_disk_kms_key = null',
    breaks: 'encrypts with keys of its own, which turn over',
  },
  {
    file: 'modules/data-redis/main.tf',
    from: '"noeviction"',
    to: '"allkeys-lru"',
    breaks: 'lets Redis evict nothing, append to a file, and speak TLS only',
  },
  {
    file: 'modules/data-mongo/main.tf',
    from: 'pit_enabled                    = true',
    to: 'pit_enabled                    = false',
    breaks: 'brings MongoDB back to any second, and reaches it by private endpoints',
  },
  {
    file: 'environments/prod/main.tf',
    from: '{ region = "us-east1", nodes = 2 },',
    to: '# none in us-east1',
    breaks: 'keeps MongoDB in three regions, none of which holds a majority',
  },
  {
    file: 'environments/prod/variables.tf',
    from: 'type        = bool\n  default     = true',
    to: 'type        = bool\n  default     = false',
    breaks: 'is protected from deletion, thing by thing and as a whole',
  },
];
const IN_DEV: readonly Mutation[] = [
  {
    file: 'modules/environment/accounts.tf',
    from: 'role    = "roles/memorystore.dbConnectionUser"',
    to: 'role    = "roles/memorystore.admin"',
    breaks: 'lets into Redis whoever is the allocator to Google, and nobody else',
  },
  {
    file: 'modules/data-redis/main.tf',
    from: 'day = "WEDNESDAY"',
    to: 'day = ""',
    breaks: 'has databases maintained at a time of its own choice',
  },
  {
    file: 'modules/data-mongo/private-link.tf',
    from: 'allow_psc_global_access = true',
    to: 'allow_psc_global_access = false',
    breaks: 'brings MongoDB back to any second, and reaches it by private endpoints',
  },
  {
    file: 'modules/data-mongo/main.tf',
    from: 'password_wo         = var.password\n',
    to: 'password            = mongodbatlas_project.this.name\n',
    breaks: 'keeps no secret in plan or state',
  },
  {
    file: 'modules/network/outputs.tf',
    from: 'value       = var.game_ports',
    to: 'value       = { min = var.game_ports.min, max = 7500 }',
    breaks: 'gives what the deployment reads',
  },
  {
    file: 'environments/dev/main.tf',
    from: 'instance_size = "M10"',
    to: 'instance_size = "M40"',
    breaks: 'costs less than 500 a month by its own estimate',
  },
  {
    file: 'modules/gke-region/node-pools.tf',
    from: 'mode = "GKE_METADATA"',
    to: 'mode = "GCE_METADATA"',
    breaks: 'gives pods an identity of their own, and machines a sealed start',
  },
  {
    file: 'modules/edge-http/security-policy.tf',
    from: 'enable          = true',
    to: 'enable          = false',
    breaks: 'bans who asks too much, watches for floods, and refuses known attacks',
  },
  {
    file: 'modules/observability/alerts.tf',
    from: '${each.value.annotations.description}\\n\\n${local.runbook[each.key]}',
    to: '${each.value.annotations.description}',
    breaks: 'tells somebody: alerts with what to do, log buckets with a time to keep, a budget',
  },
];

describe('terraform: the promises can fail', function () {
  // A first run builds the schema server, and Terraform where there is none.
  this.timeout(900_000);
  for (const [environment, mutations, promises] of [
    ['prod', IN_PROD, { ...EVERYWHERE, ...PROD }],
    ['dev', IN_DEV, { ...EVERYWHERE, ...DEV }],
  ] as const) {
    describe(environment, () => {
      let plan: Plan;
      before(async () => {
        const bed = await terraformBed();
        const change = Object.fromEntries(mutations.map(({ file }) => [file, (text: string) => changed(text, file, mutations)]));
        plan = await planEnvironment(bed.copy(`broken-${environment}`, change), environment);
      });

      for (const { file, to, breaks } of mutations) {
        it(`${to.split('\n')[0]?.trim()} in ${file} breaks “${breaks}”`, () => {
          const judge = Object.entries(promises).find(([name]) => name === breaks)?.[1];
          assert.ok(judge, `there is no promise “${breaks}”`);
          assert.throws(() => judge(plan), assert.AssertionError);
        });
      }
    });
  }
});

/** With all that is changed in a file. @throws when a line that is looked for has moved. */
function changed(text: string, file: string, mutations: readonly Mutation[]): string {
  return mutations
    .filter((each) => each.file === file)
    .reduce((before, { from, to }) => {
      assert.ok(before.includes(from), `${file} has no ${from}`);
      return before.replace(from, to);
    }, text);
}
