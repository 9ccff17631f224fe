import assert from 'node:assert/strict';
import type { Notice } from '../../contracts/notices.ts';
import { startPlayingPod, startPod, type Pod } from './stand-in/bridge-process.ts';

const MARK = 'lifeverse.dev/notice';

describe('notices on the bridge', function () {
  this.timeout(300_000);
  let pod: Pod;
  afterEach(() => pod.close());

  const soon: Notice = {
    kind: 'maintenance',
    reason: 'new kernel',
    startsAt: '2026-12-01T10:00:00.000Z',
    endsAt: '2026-12-01T11:00:00.000Z',
    end: 'end-sessions',
    window: 'w-1',
  };
  const later: Notice = { ...soon, window: 'w-2', startsAt: '2026-12-02T10:00:00.000Z' };
  const annotate = (...notices: Notice[]) => pod.sidecar.annotate({ [MARK]: JSON.stringify(notices) });
  const posted = async (query = {}) => (await pod.api.notices({ query })).body;

  it('are those of the annotation, and a call that waits is told of every change', async () => {
    pod = await startPod();
    const none = await posted();
    assert.deepEqual(none.notices, []);
    const waiting = posted({ wait: 20, from: none.version });
    annotate(soon);
    assert.deepEqual((await waiting).notices, [soon]);
    const { version } = await posted({ wait: 20, from: none.version });
    annotate(soon, later);
    const two = await posted({ wait: 20, from: version });
    assert.deepEqual(two.notices, [soon, later]);
    pod.sidecar.annotate({ [MARK]: '[{"kind":"of a later build"}]' });
    pod.sidecar.annotate({});
    assert.deepEqual(await posted({ wait: 20, from: two.version }), none);
  });

  it('come with the claim, until the annotation says otherwise', async () => {
    pod = await startPod();
    pod.backend.notices = [soon];
    await pod.play();
    const claimed = await posted();
    assert.deepEqual(claimed.notices, [soon]);
    annotate(later);
    const annotated = await posted({ wait: 20, from: claimed.version });
    assert.deepEqual(annotated.notices, [later]);
    pod.sidecar.annotate({});
    assert.deepEqual((await posted({ wait: 20, from: annotated.version })).notices, []);
  });

  it('end the session when the allocator has ended it: flushed, told, shut down', async () => {
    pod = await startPlayingPod({ world: 'w1' });
    annotate(soon);
    await pod.api.appendWorld({ body: { entries: [{ seq: 1, data: { n: 1 } }] } });
    assert.equal((await pod.api.session({})).body.phase, 'joinable');
    annotate({ ...soon, kind: 'session-end' });
    const session = (await pod.api.session({ query: { wait: 20, from: 'joinable' } })).body;
    assert.deepEqual([session.phase, session.reason], ['ended', 'maintenance: new kernel']);
    await pod.api.end({ body: { reason: 'the server knows' } });
    assert.equal(pod.backend.told.at(-1), 'end maintenance: new kernel');
    assert.equal(pod.backend.stored.length, 1);
    assert.equal(pod.sidecar.state(), 'Shutdown');
  });
});
