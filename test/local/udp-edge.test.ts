import assert from 'node:assert/strict';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { edgeCommand } from '../../local/quilkin/edge-command.ts';
import { edgeHost } from '../../local/quilkin/start-udp-edge.ts';

const container = (name: string, args: readonly string[]) => ({ name, args, env: [{ name: 'RUST_LOG', value: 'info' }, { name: 'ID' }] });
const manifests: Manifest[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'udp-proxies' },
    spec: {
      template: {
        spec: { initContainers: [container('agent', ['--service.xds'])], containers: [container('proxy', ['--port=7777', '--port.x=1'])] },
      },
    },
  },
];

describe('the local UDP edge', () => {
  it('runs what the cluster runs, but for its ports', () => {
    assert.deepEqual(edgeCommand(manifests, 'proxy', { '--port': '9' }), { args: ['--port=9', '--port.x=1'], env: { RUST_LOG: 'info' } });
    assert.deepEqual(edgeCommand(manifests, 'agent', {}).args, ['--service.xds']);
  });

  it('does not start by a flag that the cluster’s does not have, nor without its container', () => {
    assert.throws(() => edgeCommand(manifests, 'proxy', { '--prot': '9' }), /not given --prot/);
    assert.throws(() => edgeCommand([], 'proxy', {}));
  });

  it('refuses an address from which Quilkin takes nothing, and what is no address', () => {
    assert.equal(edgeHost('198.18.0.1'), '198.18.0.1');
    for (const wrong of ['127.0.0.1', '127.5.0.1', '::1', 'localhost', '1']) assert.throws(() => edgeHost(wrong), /UDP_EDGE is .* not 127/);
  });
});
