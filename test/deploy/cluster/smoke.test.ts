import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { z } from 'zod';
import { openKubeApi } from '../../../allocator/clusters/kube-api.ts';
import { trustedIssuers } from '../../../deploy/cluster/settings/trusted-issuers.ts';
import { knock } from '../../../deploy/cluster/smoke/knock.ts';
import { createTokenArgs, smokeIdentity } from '../../../deploy/cluster/smoke/smoke-pod.ts';
import { testCluster, testStack } from '../../../local/testing.ts';
import { createHttpSend } from '../../../runtime/http-send.ts';
import { TrustedIssuer } from '../../../runtime/config.ts';
import { createTokenCheck } from '../../../runtime/token-check.ts';
import { OUTPUTS } from './deployment-under-test.ts';

describe('deploy: the smoke test', function () {
  this.timeout(300_000);

  it('is a matchmaker by the token that a real API server binds to its pod, which never runs', async () => {
    const cluster = await testCluster();
    const api = openKubeApi(cluster.kubeconfig, undefined, Date.now);
    const http = createHttpSend((await testStack()).authority.caFile);
    const namespace = 'lifeverse-services';
    const create = async (path: string, body: object): Promise<unknown> => {
      const answer = await api.send({ method: 'POST', path, body, timeoutMs: 30_000 });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return answer.body;
    };
    try {
      // With the rule that the namespace has in fleets/: a pod that breaks it is refused.
      const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
      await create('/api/v1/namespaces', { metadata: { name: namespace, labels } });
      const { items } = z
        .object({ items: z.array(z.looseObject({ kind: z.string() })) })
        .parse(JSON.parse(smokeIdentity('registry.example/allocator@sha256:0')));
      for (const item of items) await create(`/api/v1/namespaces/${namespace}/${item.kind.toLowerCase()}s`, item);
      const pod = await api.send({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods/smoke`, timeoutMs: 30_000 });
      const { metadata, status } = z
        .object({
          metadata: z.object({ uid: z.string() }),
          status: z.object({ conditions: z.array(z.object({ reason: z.string().optional() })) }),
        })
        .parse(pod.body);
      assert.ok(status.conditions.some(({ reason }) => reason === 'SchedulingGated'));
      const asked = {
        audiences: ['lifeverse'],
        expirationSeconds: 600,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'smoke', uid: metadata.uid },
      };
      const answer = await create(`/api/v1/namespaces/${namespace}/serviceaccounts/smoke/token`, { spec: asked });
      const { token } = z.object({ status: z.object({ token: z.string() }) }).parse(answer).status;
      const regions = { 'europe-west1': { ...OUTPUTS.regions['europe-west1'], issuer: cluster.issuer } };
      const trusted = trustedIssuers({ api_hosts: OUTPUTS.api_hosts, regions })
        .map((one) => (one.issuer === cluster.issuer ? { ...one, jwks: cluster.jwksUrl, jwksTokenFile: cluster.tokenFile } : one))
        .map((one) => TrustedIssuer.parse(one));
      const { roles } = await createTokenCheck(trusted, { send: http.send, now: Date.now })(token);
      assert.deepEqual(roles, ['matchmaker']);
    } finally {
      api.close();
      await http.close();
    }
  });

  it('asks kubectl for what is asked for there', () => {
    assert.deepEqual(createTokenArgs, [
      'create',
      'token',
      'smoke',
      '--namespace=lifeverse-services',
      '--audience=lifeverse',
      '--duration=10m',
      '--bound-object-kind=Pod',
      '--bound-object-name=smoke',
    ]);
  });

  describe('knocks at a game port', () => {
    let server: Socket;
    let port: number;
    beforeEach(async () => {
      server = createSocket('udp4').bind(0, '127.0.0.1');
      await once(server, 'listening');
      port = server.address().port;
    });
    afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const at = (withinMs?: number) => knock({ host: '127.0.0.1', port }, 'ada', randomBytes(16), withinMs);

    for (const [what, kind] of [
      ['welcome', 2],
      ['no', 4],
    ] as const) {
      it(`takes a ${what} as an answer, also when the first packet is lost`, async () => {
        let heard = 0;
        server.on('message', (hello, { port: from }) => {
          assert.equal(hello[0], 1);
          assert.equal(hello.subarray(17).toString(), 'ada');
          if (++heard > 1) server.send(Buffer.concat([Buffer.from([kind]), hello.subarray(1, 17)]), from, '127.0.0.1');
        });
        assert.equal(await at(), 'answered');
      });
    }

    it('ends its packet with the routing token, for an edge', async () => {
      const token = randomBytes(16);
      server.on('message', (hello, { port: from }) => {
        assert.deepEqual(hello.subarray(17), Buffer.concat([Buffer.from('ada'), token, Buffer.of(0)]));
        server.send(Buffer.concat([Buffer.from([2]), hello.subarray(1, 17)]), from, '127.0.0.1');
      });
      const edge = { host: '127.0.0.1', port, routingToken: token.toString('base64url') };
      assert.equal(await knock(edge, 'ada', randomBytes(16)), 'answered');
    });

    it('takes nothing else as one: not another’s, not noise', async () => {
      server.on('message', (_, { port: from }) => server.send(Buffer.concat([Buffer.from([2]), randomBytes(16)]), from, '127.0.0.1'));
      assert.equal(await at(400), 'silent');
    });

    it('says so when nobody listens there', async () => {
      const other = createSocket('udp4').bind(0, '127.0.0.1');
      await once(other, 'listening');
      const free = other.address().port;
      await new Promise<void>((resolve) => void other.close(() => resolve()));
      await assert.rejects(knock({ host: '127.0.0.1', port: free }, 'ada', randomBytes(16)), /takes no packets/);
    });
  });
});
