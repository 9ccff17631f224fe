import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { GameServer as StoredGameServer } from '../../local/agones/resources/game-server.ts';
import { grpcGameServer, sdkGameServer } from '../../sdk-bridge/solo/sidecar/sdk-game-server.ts';
import { parseGameServer, type GameServer } from '../../sdk-bridge/agones/game-server.ts';
import { isShown, withChange, type QueuedChange } from '../../sdk-bridge/agones/queued-change.ts';
import { mayReplace, nextStep, reserveWish, secondsLeft, type Telling, type Wish } from '../../sdk-bridge/agones/state-wish.ts';
import { readFields } from '../../sdk-bridge/agones/wire-reader.ts';
import { numberField } from '../../sdk-bridge/agones/wire-writer.ts';
import { beatEveryMs } from '../../sdk-bridge/health/health-judge.ts';
import { BodyFault, messageOf, objectsIn } from '../../sdk-bridge/surface/rest-body.ts';
import { restGameServer, watchLine } from '../../sdk-bridge/surface/rest-game-server.ts';
import { lineFault } from '../../sdk-bridge/surface/watch-line-limit.ts';

const stored = (state: string, changes: { readonly annotations?: Record<string, string>; readonly version?: string } = {}) =>
  ({
    metadata: { name: 'g', namespace: 'n', uid: 'u', resourceVersion: changes.version ?? '1', annotations: changes.annotations ?? {} },
    spec: { template: { spec: { containers: [] } } },
    status: { state, lists: { players: { capacity: 10, values: ['ann'] } } },
  }) as unknown as StoredGameServer;
const server = (...args: Parameters<typeof stored>): GameServer => sdkGameServer(stored(...args));
const allocatedAt = (time: string) => server('Allocated', { annotations: { 'agones.dev/last-allocated': time } });

describe('A state that is wished for', () => {
  const ready: Wish = { kind: 'ready' };
  const untold: Telling = { from: server('Scheduled'), told: undefined, lost: false };
  const answered: Telling = { ...untold, told: { at: 0, answered: true } };
  const failed: Telling = { ...untold, told: { at: 0, answered: false } };
  const from = (gameServer: GameServer): Telling => ({ ...answered, from: gameServer });

  const table: [string, Wish, Telling, GameServer | undefined, number, string | number][] = [
    ['is told first', ready, untold, server('Scheduled'), 0, 'tell'],
    ['is told also before Agones said a word', ready, { ...untold, from: undefined }, undefined, 0, 'tell'],
    ['is told though the state is there already, since somebody asked for it', ready, untold, server('Ready'), 0, 'tell'],
    ['is waited for once it was answered', ready, answered, server('Scheduled'), 100, 2_500],
    ['is told again after a failure, soon', ready, failed, server('Scheduled'), 100, 500],
    ['is told again when its time has come', ready, failed, server('Scheduled'), 500, 'tell'],
    ['is told again when nothing shows it', ready, answered, server('Scheduled'), 2_500, 'tell'],
    ['is told again when the sidecar lost it', ready, { ...answered, lost: true }, server('Scheduled'), 100, 'tell'],
    ['is reached when the watch shows it', ready, answered, server('Ready'), 100, 'reached'],
    ['is reached though the sidecar came back meanwhile', ready, { ...answered, lost: true }, server('Ready'), 100, 'reached'],
    ['is reached on the way to it', ready, answered, server('RequestReady'), 100, 'reached'],
    ['is over when the server was allocated out of the pool', ready, answered, server('Allocated'), 100, 'reached'],
    ['is not reached while an allocated server has yet to return', ready, from(allocatedAt('1')), allocatedAt('1'), 2_500, 'tell'],
    ['is over when a returning server was allocated anew', ready, from(allocatedAt('1')), allocatedAt('2'), 2_500, 'reached'],
    ['is pointless for a server that goes', ready, answered, server('Shutdown'), 100, 'reached'],
    ['is pointless for one that is unhealthy', ready, untold, server('Unhealthy'), 0, 'reached'],
    ['Allocated is reached', { kind: 'allocate' }, answered, server('Allocated'), 100, 'reached'],
    ['Allocated again is believed after a while', { kind: 'allocate' }, from(server('Allocated')), server('Allocated'), 2_500, 'reached'],
    ['Shutdown is told', { kind: 'shutdown' }, untold, server('Allocated'), 0, 'tell'],
    ['Shutdown that another call undid is told again', { kind: 'shutdown' }, answered, server('Ready'), 2_500, 'tell'],
    ['Shutdown is reached', { kind: 'shutdown' }, answered, server('Shutdown'), 100, 'reached'],
    ['Reserved is reached', reserveWish(9n, 0), answered, server('Reserved'), 100, 'reached'],
    [
      'Reserved again shows by its version',
      reserveWish(9n, 0),
      from(server('Reserved')),
      server('Reserved', { version: '2' }),
      9,
      'reached',
    ],
    ['Reserved again is waited for', reserveWish(9n, 0), from(server('Reserved')), server('Reserved'), 100, 2_500],
    ['a reservation that is over is not told again', reserveWish(1n, 0), failed, server('Scheduled'), 1_000, 'reached'],
    ['but it is told once, however short', reserveWish(-5n, 0), untold, server('Scheduled'), 0, 'tell'],
  ];
  for (const [title, wish, telling, seen, now, expected] of table) {
    it(title, () => {
      const step = nextStep(wish, telling, seen, now);
      assert.equal(step.do === 'wait' ? step.at : step.do, expected);
    });
  }

  it('gives way to the next, except that nothing takes the place of a Shutdown', () => {
    const wishes: Wish[] = [ready, { kind: 'allocate' }, reserveWish(1n, 0), { kind: 'shutdown' }];
    for (const standing of wishes) {
      for (const next of wishes) assert.equal(mayReplace(next, standing), standing.kind !== 'shutdown' || next.kind === 'shutdown');
    }
  });

  it('as a reservation ends when it would have ended, though it is told twice', () => {
    const left = (seconds: bigint, telling: Telling, now: number) =>
      secondsLeft(reserveWish(seconds, 0) as Extract<Wish, { kind: 'reserve' }>, telling, now);
    assert.equal(left(30n, untold, 0), 30n);
    assert.equal(left(30n, answered, 12_000), 18n);
    assert.equal(left(0n, answered, 12_000), 0n);
    assert.equal(left(2n ** 63n - 1n, answered, 12_000), 2n ** 63n - 1n);
  });
});

describe('The beat', () => {
  const spec = { disabled: false, periodSeconds: 5, failureThreshold: 3, initialDelaySeconds: 5 };
  it('comes twice in each period that a fleet asks for, and as often as configured otherwise', () => {
    assert.equal(beatEveryMs(2_000, undefined), 2_000);
    assert.equal(beatEveryMs(2_000, spec), 2_000);
    assert.equal(beatEveryMs(2_000, { ...spec, periodSeconds: 1 }), 500);
    assert.equal(beatEveryMs(2_000, { ...spec, periodSeconds: 1, disabled: true }), 2_000);
    assert.equal(beatEveryMs(2_000, { ...spec, periodSeconds: 0 }), 2_000);
  });
});

describe('The line of the watch', () => {
  const annotation = (name: string, bytes: number): QueuedChange => ({ kind: 'annotation', name, value: 'x'.repeat(bytes) });
  const with40 = server('Ready', { annotations: { 'agones.dev/sdk-a': 'x'.repeat(40_000) } });

  it('may grow to 56 KiB, what is queued included, and no further', () => {
    assert.equal(lineFault(server('Ready'), [], [annotation('a', 50_000)]), undefined);
    assert.match(lineFault(server('Ready'), [], [annotation('a', 57_000)]) ?? '', /^too large: the game server would take 57\d{3} bytes/);
    assert.equal(lineFault(with40, [], [annotation('b', 10_000)]), undefined);
    assert.match(lineFault(with40, [annotation('b', 10_000)], [annotation('c', 10_000)]) ?? '', /^too large/);
    assert.equal(lineFault(with40, [annotation('b', 10_000)], [annotation('b', 10_000)]), undefined);
    assert.match(lineFault(server('Ready'), [], [{ kind: 'value-added', list: 'players', value: 'x'.repeat(60_000) }]) ?? '', /^too large/);
  });

  it('counts bytes as they are written, and lets what shrinks pass', () => {
    // Each of these takes six bytes in the stream.
    assert.match(lineFault(server('Ready'), [], [{ kind: 'annotation', name: 'a', value: '<'.repeat(10_000) }]) ?? '', /^too large/);
    const over = server('Ready', { annotations: { 'agones.dev/sdk-a': 'x'.repeat(70_000) } });
    assert.equal(lineFault(over, [], [annotation('a', 60_000)]), undefined);
    assert.equal(lineFault(over, [], [{ kind: 'value-removed', list: 'players', value: 'ann' }]), undefined);
  });
});

describe('A change in the queue of the sidecar', () => {
  const table: [string, QueuedChange][] = [
    ['a label', { kind: 'label', name: 'a', value: 'b' }],
    ['an annotation', { kind: 'annotation', name: 'a', value: '' }],
    ['a value added', { kind: 'value-added', list: 'players', value: 'bob' }],
    ['a value removed', { kind: 'value-removed', list: 'players', value: 'ann' }],
  ];
  for (const [title, change] of table) {
    it(`is shown once it is made, and not before: ${title}`, () => {
      assert.equal(isShown(server('Ready'), change), false);
      assert.equal(isShown(withChange(server('Ready'), change), change), true);
    });
  }
});

describe('A GameServer on the wire', () => {
  it('is read as it was written, numbers of 64 bits whole', () => {
    const big = { ...stored('Ready'), status: { state: 'Ready', counters: { gold: { count: 2 ** 53, capacity: 7 } } } } as StoredGameServer;
    assert.deepEqual(parseGameServer(grpcGameServer(big)), sdkGameServer(big));
    const most = readFields(numberField(1, 2n ** 63n - 1n));
    assert.equal(most.int(1), 2n ** 63n - 1n);
    assert.equal(readFields(numberField(1, -1n)).int(1), -1n);
  });

  it('is refused when it is cut, and never hangs or reads beyond its end', () => {
    const bytes = grpcGameServer(stored('Ready', { annotations: { a: 'b' } }));
    assert.throws(() => parseGameServer(bytes.subarray(0, bytes.length - 1)), RangeError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          parseGameServer(Buffer.from(noise));
        } catch (cause) {
          assert.ok(cause instanceof RangeError);
        }
      }),
    );
  });

  it('is written by REST with maps in the order of their keys, and escaped inside a stream only', () => {
    const one = server('Ready', { annotations: { '10': '<&>', '9': 'b', a: 'c' } });
    assert.match(restGameServer(one), /"annotations":\{"10":"<&>","9":"b","a":"c"\}/);
    assert.match(watchLine(one), /^\{"result":\{.*"annotations":\{"10":"\\u003c\\u0026\\u003e","9":"b","a":"c"\}/);
    assert.deepEqual(JSON.parse(watchLine(one)), { result: JSON.parse(restGameServer(one)) as unknown });
  });
});

describe('The body of a REST call', () => {
  const read = (body: string) => {
    try {
      return messageOf({ key: 'string', seconds: 'int64', values: 'strings' }, body);
    } catch (cause) {
      assert.ok(cause instanceof BodyFault, String(cause));
      return cause.message;
    }
  };
  const table: [string, string, unknown][] = [
    ['empty is an empty message', '', {}],
    ['white space is empty too', ' \n', {}],
    ['only the first value counts', '{"key":"a"} x', { key: 'a' }],
    ['unknown fields are passed over, nested ones too', '{"zz":{"key":[1,{"a":"}"}]},"key":"a"}', { key: 'a' }],
    ['null is not there', '{"key":null}', {}],
    ['a number may be text', '{"seconds":"9223372036854775807"}', { seconds: 2n ** 63n - 1n }],
    ['or have an exponent', '{"seconds":1e1}', { seconds: 10n }],
    ['or a fraction of nothing', '{"seconds":2.0}', { seconds: 2n }],
    ['but no other', '{"seconds":1.5}', 'proto: (line 1:12): invalid value for int64 field seconds: 1.5'],
    ['nor more than 64 bits', '{"seconds":"9223372036854775808"}', /invalid value for int64 field seconds/],
    ['escapes are read', '{"\\u006bey":"\\u00e9"}', { key: 'é' }],
    ['values', '{"values":["a","b"]}', { values: ['a', 'b'] }],
    ['not closed', '{"key":"a"', 'unexpected EOF'],
    ['no message', '[]', 'proto: syntax error (line 1:1): unexpected token ['],
    ['no JSON', '{key:1}', /syntax error/],
    ['no JSON behind the field', '{"key":"a",}', /syntax error/],
    ['two values in one', '{"key":"a" "b"}', /syntax error/],
  ];
  for (const [title, body, expected] of table) {
    it(title, () => {
      const got = read(body);
      if (expected instanceof RegExp) assert.match(JSON.stringify(got), expected);
      else assert.deepEqual(got, expected);
    });
  }

  it('of a stream holds one message an object', () => {
    assert.deepEqual([objectsIn(''), objectsIn('{}'), objectsIn('{}\n{"a":1}')], [0, 1, 2]);
    assert.throws(() => objectsIn('{} null'), BodyFault);
  });

  it('never gives anything but values or a fault, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((text) => text.slice(0, -1)),
        ),
        (body) => void read(body),
      ),
    );
  });
});
