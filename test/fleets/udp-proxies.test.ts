import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { edgeCommand } from '../../local/quilkin/edge-command.ts';
import { ROUTING_ENDING_BYTES } from '../../runtime/routing-token.ts';
import { FLEETS, places, render, renderLayer, RENDER_MS } from './rendered.ts';
import { withUdpProxies } from './with-udp-proxies.ts';

const ADDRESS = '203.0.113.7';
const Filters = z.strictObject({
  version: z.literal('v1alpha1'),
  filters: z.tuple([
    z.strictObject({
      name: z.literal('quilkin.filters.capture.v1alpha1.Capture'),
      config: z.strictObject({ suffix: z.strictObject({ size: z.number(), remove: z.literal(true) }) }),
    }),
    z.strictObject({ name: z.literal('quilkin.filters.token_router.v1alpha1.TokenRouter') }),
  ]),
});
const Seccomp = z.looseObject({ seccompProfile: z.object({ type: z.string() }).optional() });
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  volumeMounts: z.array(z.looseObject({ name: z.string() })),
  securityContext: Seccomp,
});
const Deployment = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ securityContext: Seccomp, initContainers: z.array(Container), containers: z.array(Container) }),
    }),
  }),
});
const Service = z.looseObject({
  spec: z.looseObject({ type: z.string(), loadBalancerIP: z.string(), externalTrafficPolicy: z.string() }),
});
const ConfigMap = z.looseObject({ data: z.record(z.string(), z.string()) });

describe('the UDP proxies of fleets/', function () {
  this.timeout(RENDER_MS);
  let manifests: Manifest[];
  const own = (kind: string) =>
    manifests.find((one) => one.kind === kind && one.metadata.name.startsWith('udp-proxies')) ?? assert.fail(`there is no ${kind}`);
  before(async () => {
    manifests = await renderLayer('udp-proxies', withUdpProxies(ADDRESS));
  });

  it('are in no overlay: a deployment has to ask for them', async () => {
    for (const { folders } of places())
      for (const folder of folders) assert.doesNotMatch(JSON.stringify(await render(folder)), /udp-proxies|quilkin/);
  });

  it('take off as many bytes as the allocator’s tokens have, and route by them', () => {
    const text = Object.values(ConfigMap.parse(own('ConfigMap')).data)[0] ?? '';
    assert.equal(text, readFileSync(path.join(FLEETS, 'components/udp-proxies/quilkin.yaml'), 'utf8'));
    const [capture] = Filters.parse(parse(text)).filters;
    assert.equal(capture.config.suffix.size, ROUTING_ENDING_BYTES);
  });

  it('stand at the address that is reserved for them, and are refused without one', async () => {
    const { spec } = Service.parse(own('Service'));
    assert.deepEqual([spec.type, spec.loadBalancerIP, spec.externalTrafficPolicy], ['LoadBalancer', ADDRESS, 'Local']);
    await assert.rejects(renderLayer('udp-proxies-nowhere', withUdpProxies(undefined)), /UDP_EDGE_ADDRESS/);
  });

  it('follow the game servers of their own namespace, reach them inside the network, and tell tokens only to themselves', () => {
    const deployment = [own('Deployment')];
    const agent = edgeCommand(deployment, 'agent', { '--provider.k8s.agones.namespaces': own('Service').metadata.namespace ?? '' }).args;
    assert.deepEqual(agent, edgeCommand(deployment, 'agent', {}).args, 'it follows another namespace than its own');
    assert.ok(agent.includes('--provider.k8s.agones.address-type=InternalIP'));
    const port = /--service\.xds\.port=(\d+)/.exec(agent.join(' '))?.[1];
    assert.ok(edgeCommand(deployment, 'proxy', {}).args.includes(`--provider.xds.endpoints=http://127.0.0.1:${port}`));
  });

  it('run as nobody in particular: only the proxy may use io_uring, and only the agent has an identity', () => {
    const { securityContext, initContainers, containers } = Deployment.parse(own('Deployment')).spec.template.spec;
    assert.equal(securityContext.seccompProfile?.type, 'RuntimeDefault');
    const all = [...initContainers, ...containers];
    const unconfined = all.filter((one) => one.securityContext.seccompProfile !== undefined).map(({ name }) => name);
    const known = all.filter(({ volumeMounts }) => volumeMounts.some(({ name }) => name === 'identity')).map(({ name }) => name);
    assert.deepEqual([unconfined, known], [['proxy'], ['agent']]);
    for (const { image } of all) assert.match(image, /^registry\.example\/quilkin@sha256:/);
  });
});
