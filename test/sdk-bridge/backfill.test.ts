import assert from 'node:assert/strict';
import { packetKeyId } from '../../runtime/packet-key-id.ts';
import { admitTo, findSeat, holdSeats, markLeft, markPresent, type Seats } from '../../sdk-bridge/seats/seats.ts';
import { startPlayingPod, startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

const player = (id: string, packetKey = `key-${id}`) => ({ id, role: 'player' as const, packetKey });
const room = { player: 2, spectator: 0 };

describe('Seats that the allocator gives up', () => {
  const withAnnIn = (): Seats => {
    const admitted = admitTo(holdSeats([], [player('ann'), player('bob')], 0), 'ann', room, 1);
    assert.equal(admitted.kind, 'admitted');
    const present = markPresent(admitted.kind === 'admitted' ? admitted.seats : [], 'ann', 2);
    return present.kind === 'moved' ? present.seats : [];
  };
  const names = (seats: Seats) => seats.map((seat) => `${seat.playerId} ${seat.state}`);

  it('are gone at once when nobody is in them', () => {
    const seats = holdSeats(withAnnIn(), [player('ann'), player('cid')], 3);
    assert.deepEqual(names(seats), ['ann present', 'cid held']);
    assert.equal(admitTo(seats, 'bob', room, 4).kind, 'full');
  });

  it('stay with who is in until they go, take up room so long, and do not let them back', () => {
    const seats = holdSeats(withAnnIn(), [player('bob'), player('cid')], 3);
    const withBob = admitTo(seats, 'bob', room, 4);
    assert.ok(withBob.kind === 'admitted');
    assert.equal(admitTo(withBob.seats, 'cid', room, 5).kind, 'full');
    const left = markLeft(withBob.seats, 'ann', false, 6);
    assert.ok(left.kind === 'moved' && left.seat.state === 'left');
    assert.equal(admitTo(left.seats, 'ann', room, 7).kind, 'full');
    assert.equal(admitTo(left.seats, 'cid', room, 7).kind, 'admitted');
  });

  it('have the new key when they are given anew, but not while a connection uses the old one', () => {
    const inside = holdSeats(withAnnIn(), [player('ann', 'new'), player('bob', 'new')], 3);
    assert.deepEqual([findSeat(inside, 'ann')?.packetKey, findSeat(inside, 'bob')?.packetKey], ['key-ann', 'new']);
    assert.equal(findSeat(holdSeats(holdSeats(withAnnIn(), [], 3), [player('ann')], 4), 'ann')?.released, false);
  });
});

describe('A bridge whose session changes its players', function () {
  this.timeout(300_000);
  let pod: Pod;
  beforeEach(async () => void (pod = await startPlayingPod()));
  afterEach(() => pod.close());

  const claims = () => pod.backend.told.filter((line) => line === 'claim').length;

  it('admits who was added, each at first sight, with one question for many', async () => {
    const added = ['cid', 'dan', 'eve', 'fay'];
    pod.backend.players = [player('ann'), player('cid')];
    assert.equal((await pod.admit(await pod.backend.ticket('cid'))).admitted, true);
    // Right after a question the others wait for the next one: they are not turned away.
    pod.backend.players = added.map((id) => player(id));
    const before = claims();
    const verdicts = await Promise.all(added.slice(1).map(async (id) => pod.admit(await pod.backend.ticket(id))));
    assert.deepEqual(
      verdicts.map((verdict) => verdict.admitted),
      [true, true, true],
    );
    // All of them with one, where they come together; whoever comes while that is asked shares the next, and later ones are known already.
    assert.ok(claims() - before <= 2, `${claims() - before} questions`);
  });

  it('refuses the old ticket of who has left, from the moment that it has asked again', async () => {
    const old = await pod.backend.ticket('bob');
    pod.backend.players = [player('ann'), player('cid')];
    assert.equal((await pod.admit(await pod.backend.ticket('cid'))).admitted, true);
    assert.equal((await pod.admit(old)).admitted, false);
  });

  it('takes the ticket of a seat that was given anew, with its key, and no longer the one from before', async () => {
    const old = await pod.backend.ticket('bob', { keyId: packetKeyId('key-bob') });
    pod.backend.players = [player('ann'), player('bob', 'another')];
    const verdict = await pod.admit(await pod.backend.ticket('bob', { keyId: packetKeyId('another') }));
    assert.equal(verdict.admitted && verdict.packetKey, 'another');
    const refused = await pod.admit(old);
    assert.equal(!refused.admitted && refused.refusal, 'expired');
  });
});

describe('A bridge in a trace', function () {
  this.timeout(300_000);

  it('carries it to the allocator and saves from the allocation on, and says it in its log', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    const pod = await startPod({ world: 'w1' });
    try {
      pod.backend.traceparent = traceparent;
      pod.sidecar.annotate({ 'lifeverse.dev/traceparent': traceparent });
      await pod.play();
      const verdict = (await pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } })).body;
      assert.equal(verdict.admitted, true);
      assert.deepEqual(pod.backend.traces, [`claim ${traceId}`, `accept ${traceId}`, `lease ${traceId}`]);
      for (const message of ['allocated', 'claimed', 'joinable', 'admitted']) {
        const lines = () =>
          pod
            .log()
            .split('\n')
            .filter((line) => line.includes(`"message":"${message}"`));
        await until(() => lines().length > 0, message);
        assert.ok(
          lines().every((line) => line.includes(`"traceId":"${traceId}"`)),
          lines().join('\n'),
        );
      }
    } finally {
      await pod.close();
    }
  });
});
