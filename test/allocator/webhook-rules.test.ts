import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { isPublicAddress, urlFault } from '../../allocator/delivery/webhooks/address-rules.ts';
import { retryAfterMs, retryDelay } from '../../allocator/delivery/webhooks/backoff.ts';
import { secretOf, signedMessage } from '../../allocator/delivery/webhooks/message.ts';
import { createSharedLookup } from '../../allocator/delivery/webhooks/shared-lookup.ts';
import type { AllocationEvent } from '../../contracts/allocator-api/event.ts';

describe('The backoff of a delivery', () => {
  const MINUTE = 60_000;
  const table: readonly [attempts: number, retryAfter: number | undefined, luck: number, expected: number][] = [
    [1, undefined, 0.5, 1_000],
    [1, undefined, 0, 800],
    [1, undefined, 1, 1_200],
    [2, undefined, 0.5, 2_000],
    [10, undefined, 0.5, 512_000],
    [11, undefined, 0.5, 15 * MINUTE],
    [10_000, undefined, 0.5, 15 * MINUTE],
    [1, 30_000, 0.5, 30_000],
    [6, 5_000, 0.5, 32_000],
    [1, 99 * 60 * MINUTE, 0.5, 60 * MINUTE],
  ];
  for (const [attempts, retryAfter, luck, expected] of table) {
    it(`is ${expected} ms after try ${attempts} with luck ${luck}, asked for ${retryAfter ?? 'nothing'}`, () =>
      assert.equal(retryDelay(attempts, retryAfter, luck), expected));
  }

  const now = Date.parse('2026-01-01T00:00:00Z');
  const headers: readonly [header: string | undefined, expected: number | undefined][] = [
    [undefined, undefined],
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['99999999999999999999', undefined],
  ];
  for (const [header, expected] of headers) {
    it(`reads Retry-After: ${header ?? '(none)'}`, () => assert.equal(retryAfterMs(header, now), expected));
  }
});

describe('An address that a webhook may reach', () => {
  const table: Readonly<Record<string, boolean>> = {
    '8.8.8.8': true,
    '1.1.1.1': true,
    '172.15.255.255': true,
    '2606:4700::1111': true,
    '2a00:1450:4001::200e': true,
    '127.0.0.1': false,
    '127.8.9.10': false,
    '0.0.0.0': false,
    '10.1.2.3': false,
    '172.16.0.1': false,
    '192.168.1.1': false,
    '169.254.169.254': false,
    '100.64.0.1': false,
    '100.100.100.200': false,
    '168.63.129.16': false,
    '192.0.0.192': false,
    '198.18.0.1': false,
    '203.0.113.9': false,
    '224.0.0.1': false,
    '240.0.0.1': false,
    '255.255.255.255': false,
    '::': false,
    '::1': false,
    '::127.0.0.1': false,
    '::ffff:127.0.0.1': false,
    '::ffff:8.8.8.8': false,
    '64:ff9b::7f00:1': false,
    '64:ff9b:1::a00:1': false,
    '2002:7f00:1::': false,
    '2001::1': false,
    '2001:db8::1': false,
    'fc00::1': false,
    'fd00:ec2::254': false,
    'fe80::1': false,
    'fec0::1': false,
    'ff02::1': false,
    '4000::1': false,
    'not an address': false,
  };
  for (const [address, may] of Object.entries(table)) {
    it(`${may ? 'may' : 'may not'} be ${address}`, () => assert.equal(isPublicAddress(address), may));
  }
});

describe('The URL of a webhook', () => {
  const table: readonly [url: string, refused: RegExp | undefined, whenAllowed: RegExp | undefined][] = [
    ['https://game.example/hooks?x=1', undefined, undefined],
    ['https://8.8.8.8/hooks', undefined, undefined],
    ['https://[2606:4700::1111]:8443/', undefined, undefined],
    ['http://game.example/', /https/, undefined],
    ['ftp://game.example/', /https/, /https/],
    ['https://user:word@game.example/', /login/, /login/],
    ['https://user@game.example/', /login/, /login/],
    ['https://game.example/#part', /fragment/, /fragment/],
    ['https://127.0.0.1/', /127\.0\.0\.1 is not a public address/, undefined],
    ['https://0x7f.1/', /127\.0\.0\.1/, undefined],
    ['https://2130706433/', /127\.0\.0\.1/, undefined],
    ['https://[::1]/', /::1/, undefined],
    ['https://[::ffff:7f00:1]/', /not a public/, undefined],
    ['https://169.254.169.254/latest/meta-data', /not a public/, undefined],
    ['nonsense', /not a URL/, /not a URL/],
  ];
  for (const [url, refused, whenAllowed] of table) {
    const expect = (said: string | undefined, expected: RegExp | undefined) =>
      expected === undefined ? assert.equal(said, undefined) : assert.match(said ?? '', expected);
    it(`${refused === undefined ? 'may' : 'may not'} be ${url}`, () => expect(urlFault(url, 'refuse'), refused));
    it(`${whenAllowed === undefined ? 'may' : 'may not'} be ${url} where private addresses are allowed`, () =>
      expect(urlFault(url, 'allow'), whenAllowed));
  }
});

describe('The signature of a message', () => {
  const event: AllocationEvent = {
    seq: 7,
    id: 'e-7',
    kind: 'ready',
    at: '2026-01-01T00:00:00.000Z',
    allocation: { id: 'm-1', uid: 'a'.repeat(32), client: 'service:matchmaker', state: 'ready', build: 'dev', mode: 'duel' },
    data: { text: 'Grüße, 世界' },
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const [one, other] = [secretOf(Buffer.alloc(32, 1)), secretOf(Buffer.alloc(32, 2))];

  it('is the one of the specification', () => {
    const { headers, body } = signedMessage(event, [one], 1_700_000_000_999);
    assert.equal(headers['webhook-id'], 'e-7');
    assert.equal(headers['webhook-timestamp'], '1700000000');
    assert.deepEqual(JSON.parse(body), { type: 'allocation.ready', timestamp: event.at, data: event });
    assert.match(headers['webhook-signature'] ?? '', /^v1,[A-Za-z0-9+/]{43}=$/);
    assert.equal(headers['traceparent'], event.traceparent);
  });

  it('is believed by the reference library with either secret during a rotation', () => {
    const { headers, body } = signedMessage(event, [one, other], Date.now());
    for (const secret of [one, other]) assert.deepEqual(new Webhook(secret).verify(body, { ...headers }), JSON.parse(body));
    assert.throws(() => new Webhook(secretOf(Buffer.alloc(32, 3))).verify(body, { ...headers }));
  });

  it('does not survive any change', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const { headers, body } = signedMessage(event, [one], Date.now());
        const bytes = Buffer.from(body);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        assert.throws(() => new Webhook(one).verify(bytes, { ...headers }));
      }),
      { numRuns: 50 },
    );
  });
});

describe('The look-up of names', () => {
  it('asks once for a name, and for two names at a time, whatever comes of them', async () => {
    const asked: { name: string; end: PromiseWithResolvers<[]> }[] = [];
    const lookup = createSharedLookup((name) => {
      const end = Promise.withResolvers<[]>();
      asked.push({ name, end });
      return end.promise;
    });
    const all = Promise.allSettled(['a', 'a', 'b', 'c', 'c', 'd'].map(lookup));
    const names = async () => {
      await Promise.resolve();
      return asked.map(({ name }) => name).join('');
    };
    assert.equal(await names(), 'ab');
    asked[0]?.end.reject(new Error('no such name'));
    while (asked.length < 3) await names();
    assert.equal(await names(), 'abc');
    for (let nth = 1; nth < 4; nth += 1) {
      while (asked.length <= nth) await names();
      asked[nth]?.end.resolve([]);
    }
    assert.deepEqual(
      (await all).map(({ status }) => status[0]),
      ['r', 'r', 'f', 'f', 'f', 'f'],
    );
    assert.equal(await names(), 'abcd');
  });
});
