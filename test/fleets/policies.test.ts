import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { settingsOf } from '../../allocator/scaling/settings.ts';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { checkovPart } from '../../local/parts/checkov-part.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { testStack } from '../../local/testing.ts';
import { podsOf } from './pods-of.ts';
import { places, render, renderLayer, RENDER_MS } from './rendered.ts';
import { withUdpProxies } from './with-udp-proxies.ts';

const Chain = z.array(
  z.looseObject({
    id: z.string(),
    type: z.string(),
    buffer: z.strictObject({ bufferSize: z.number(), minReplicas: z.number(), maxReplicas: z.number() }).optional(),
    webhook: z.looseObject({}).optional(),
    schedule: z.looseObject({ activePeriod: z.looseObject({ startCron: z.string(), duration: z.string() }) }).optional(),
  }),
);
const Autoscaler = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ fleetName: z.string(), policy: z.strictObject({ type: z.literal('Chain'), chain: Chain }) }),
});
const Fleet = z.looseObject({
  metadata: z.looseObject({ name: z.string(), annotations: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    replicas: z.undefined().optional(),
    template: z.looseObject({
      spec: z.looseObject({
        eviction: z.object({ safe: z.enum(['Always', 'OnUpgrade', 'Never']) }),
        counters: z.object({ seats: z.object({ count: z.number(), capacity: z.number() }) }),
        lists: z.object({ players: z.object({ capacity: z.number() }) }),
        template: z.looseObject({ spec: z.looseObject({ terminationGracePeriodSeconds: z.number() }) }),
      }),
    }),
  }),
});
const Amounts = z.looseObject({ cpu: z.string(), memory: z.string(), 'ephemeral-storage': z.string() });
const Container = z.looseObject({ name: z.string(), image: z.string(), resources: z.object({ requests: Amounts, limits: Amounts }) });
const Pod = z.looseObject({
  metadata: z.looseObject({ namespace: z.string(), labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({ containers: z.array(Container), initContainers: z.array(Container).default([]), priorityClassName: z.string() }),
});
const Selector = z.object({ matchLabels: z.record(z.string(), z.string()).default({}) });
const NetworkPolicy = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.looseObject({ podSelector: Selector, policyTypes: z.array(z.string()) }),
});
const Selecting = z.looseObject({ spec: z.looseObject({ selector: Selector }) });
const Scaling = z.looseObject({
  spec: z.looseObject({ scaleTargetRef: z.looseObject({ name: z.string() }), minReplicas: z.number(), maxReplicas: z.number() }),
});
const Report = z.object({
  summary: z.object({ passed: z.number() }),
  results: z.object({ failed_checks: z.array(z.object({ check_id: z.string(), check_name: z.string(), resource: z.string() })) }),
});

/** A kind of sessions that last no longer than GKE waits for a pod's end may be evicted by an upgrade. */
const LONGEST_GRACE_SECONDS = 3_600;
const CHECKOV_MS = 1_800_000;

/** What checkov asks for and is not so, and why. */
const NOT_SO: Readonly<Record<string, string>> = {
  CKV_K8S_8: 'liveness: Agones adds the game server’s; of the bridge, Agones’ own health check tells',
  CKV_K8S_9: 'readiness: a game server has no Service; Ready is Agones’ word, which the game server earns',
  CKV_K8S_38: 'Agones’ sidecar speaks to the API server by the pod’s token; game server and bridge do not see it',
  CKV_K8S_26: 'host ports are how players reach a game server',
};

describe('what fleets/ keeps to', function () {
  this.timeout(RENDER_MS);

  for (const { env, region, folders } of places()) {
    describe(`in ${env}, ${region}`, () => {
      let manifests: Manifest[];
      const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
      before(async () => {
        manifests = (await Promise.all(folders.map(render))).flat();
      });

      it('has for each fleet an autoscaler whose chain is not empty: it ends in a buffer of the fleet’s own sizes', () => {
        const autoscalers = ofKind('FleetAutoscaler').map((manifest) => Autoscaler.parse(manifest));
        const fleets = ofKind('Fleet').map((manifest) => Fleet.parse(manifest));
        assert.deepEqual(
          autoscalers.map(({ spec }) => spec.fleetName),
          fleets.map(({ metadata }) => metadata.name),
        );
        for (const [nth, { spec }] of autoscalers.entries()) {
          const { buffer, min, max } = settingsOf(fleets[nth]?.metadata.annotations ?? {});
          const last = spec.policy.chain.at(-1);
          assert.equal(last?.type, 'Buffer', 'a chain that is empty ends Agones’ controller');
          assert.deepEqual(last.buffer, { bufferSize: buffer, minReplicas: min, maxReplicas: max });
          assert.equal(spec.policy.chain.at(-2)?.type, 'Webhook');
        }
      });

      it('evicts by the length of a session, and waits for no longer than GKE does', () => {
        for (const { metadata, spec } of ofKind('Fleet').map((manifest) => Fleet.parse(manifest))) {
          const { eviction, template, counters, lists } = spec.template.spec;
          const grace = template.spec.terminationGracePeriodSeconds;
          assert.ok(grace <= LONGEST_GRACE_SECONDS, metadata.name);
          if (eviction.safe !== 'Never') assert.ok(grace >= 300, `${metadata.name} may be evicted in the middle of a match`);
          assert.equal(counters.seats.capacity, lists.players.capacity);
        }
      });

      it('asks for resources for every container, and limits it', () => {
        for (const pod of podsOf(manifests, true)) Pod.parse(pod);
      });

      it('lets nothing in or out of a namespace but what a policy names, and names something for every pod', () => {
        const policies = ofKind('NetworkPolicy').map((manifest) => NetworkPolicy.parse(manifest));
        for (const pod of podsOf(manifests, true).map((one) => Pod.parse(one))) {
          const own = policies.filter(
            ({ metadata, spec }) => metadata.namespace === pod.metadata.namespace && selects(spec.podSelector, pod.metadata.labels),
          );
          const denies = own.find(({ metadata }) => metadata.name === 'default-deny');
          assert.deepEqual(denies?.spec, { podSelector: { matchLabels: {} }, policyTypes: ['Ingress', 'Egress'] });
          for (const way of ['Ingress', 'Egress'])
            assert.ok(
              own.some(({ metadata, spec }) => !['default-deny', 'names'].includes(metadata.name) && spec.policyTypes.includes(way)),
            );
        }
      });

      it('has for every service its address, its disruption budget, its scaling, its account and its certificate', () => {
        for (const { metadata } of ofKind('Deployment')) {
          const labels = { 'app.kubernetes.io/name': metadata.name };
          for (const [kind, field] of [['PodDisruptionBudget', 'selector']] as const)
            assert.ok(
              ofKind(kind).some((one) => selects(Selecting.parse(one).spec[field], labels)),
              `${metadata.name} has no ${kind}`,
            );
          const scaling = ofKind('HorizontalPodAutoscaler').map((one) => Scaling.parse(one).spec);
          const own = scaling.find(({ scaleTargetRef }) => scaleTargetRef.name === metadata.name);
          assert.ok(own !== undefined && own.minReplicas < own.maxReplicas);
          assert.ok(env !== 'prod' || own.minReplicas >= 3);
          for (const kind of ['Service', 'ServiceAccount']) assert.ok(ofKind(kind).some((one) => one.metadata.name === metadata.name));
          assert.ok(ofKind('Certificate').some((one) => one.metadata.name === `${metadata.name}-tls`));
        }
      });

      it('has the priority classes that its pods name, and no secret in git', () => {
        const classes = ofKind('PriorityClass').map(({ metadata }) => metadata.name);
        for (const pod of podsOf(manifests, true).map((one) => Pod.parse(one))) assert.ok(classes.includes(pod.spec.priorityClassName));
        assert.deepEqual(ofKind('Secret'), []);
      });
    });
  }

  it('has an event in production before the demand of the minute', async () => {
    const [autoscaler] = (await render('overlays/prod/regions/us-east1/fleets')).filter(({ kind }) => kind === 'FleetAutoscaler');
    const [event, demand] = Autoscaler.parse(autoscaler).spec.policy.chain;
    assert.equal(event?.type, 'Schedule');
    assert.equal(demand?.id, 'demand');
  });

  it('passes checkov, under the last layer, but for what is listed here with its reason', async function () {
    this.timeout(CHECKOV_MS);
    const { folder, around } = await testStack();
    const [checkov] = await obtainParts([checkovPart], around);
    assert.ok(checkov);
    const names = ['sdk-bridge', 'sample-server', 'accounts', 'allocator', 'matchmaker', 'saves'];
    const digest = `sha256:${'0'.repeat(64)}`;
    const images = names.map((name) => ({ name: `lifeverse.invalid/${name}`, newName: `registry.example/${name}`, digest }));
    const layers = ['game-servers', 'services'].map((part) =>
      renderLayer(`digests-${part}`, (fleets) => ({ resources: [`${fleets}/overlays/prod/regions/europe-west1/${part}`], images })),
    );
    const edge = await renderLayer('udp-proxies', withUdpProxies('203.0.113.7'));
    const proxies = edge.filter(({ metadata }) => metadata.name.startsWith('udp-proxies'));
    const manifests = [...(await Promise.all(layers)).flat(), ...proxies];
    const judged = [
      ...manifests.filter(({ kind }) => kind !== 'Fleet'),
      ...podsOf(
        manifests.filter(({ kind }) => kind === 'Fleet'),
        true,
      ),
    ];
    const at = path.join(folder, 'checkov');
    await mkdir(at, { recursive: true });
    await writeFile(path.join(at, 'manifests.yaml'), judged.map((manifest) => stringify(manifest)).join('---\n'));
    const said = await outputOf(checkov, [
      '--directory',
      at,
      '--framework',
      'kubernetes',
      '--output',
      'json',
      '--quiet',
      '--compact',
      '--skip-download',
    ]);
    await rm(at, { recursive: true });
    const { summary, results } = Report.parse(JSON.parse(said));
    assert.ok(summary.passed > 300, `only ${summary.passed} checks were made`);
    const found = results.failed_checks.filter(
      ({ check_id, resource }) => !(check_id in NOT_SO) || !resource.startsWith('Pod.lifeverse.sample-'),
    );
    assert.deepEqual(found, []);
    const excused = new Set(results.failed_checks.map(({ check_id }) => check_id));
    assert.deepEqual([...excused].toSorted(), Object.keys(NOT_SO).toSorted(), 'an excuse that nobody needs');
  });
});

function selects({ matchLabels }: z.infer<typeof Selector>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}

/** It ends with 1 where it has found something: that is for the caller to judge. */
function outputOf(command: string, args: readonly string[]): Promise<string> {
  // What a test run writes is below a folder whose name begins with a dot, which checkov would pass over.
  const env = { ...process.env, CKV_IGNORE_HIDDEN_DIRECTORIES: 'false' };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  return new Promise((resolve, reject) => child.once('error', reject).once('close', () => resolve(said)));
}
