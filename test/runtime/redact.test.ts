import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AppError } from '../../contracts/app-error.ts';
import { redact, redactText } from '../../runtime/redact.ts';

const SECRET = 'S3cr3tS3cr3tS3cr3t';
const JWT = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ${SECRET}.${SECRET}_-x`;
const PEM = `-----BEGIN EC PRIVATE KEY-----\n${SECRET}\n-----END EC PRIVATE KEY-----`;

const shows = (value: unknown) => JSON.stringify(redact({ value })).includes(SECRET);

describe('redaction', () => {
  for (const name of [
    'password',
    'Authorization',
    'COOKIE',
    'set-cookie',
    'joinTicket',
    'packetKey',
    'accessToken',
    'apiKeys',
    'clientSecret',
    'SERVICE_TOKEN',
    'privateKeyPem',
    'passphrase',
    'credentials',
    'jwt',
    'tlsKey',
    'proxy-authorization',
  ]) {
    it(`hides what is called ${name}`, () => assert.ok(!shows({ [name]: SECRET })));
  }

  for (const [what, text] of Object.entries({
    'a JWT': `token ${JWT} was refused`,
    "a webhook's secret": `signed with whsec_${SECRET}/+${SECRET}=`,
    'a bearer header': `authorization: Bearer ${SECRET}`,
    'a basic header': `Basic ${SECRET}=`,
    'a connection string': `cannot reach mongodb+srv://user:${SECRET}@host:27017/db`,
    'a connection string without a user': `redis://:${SECRET}@host`,
    'a password with @ and / in it': `mongodb://user:p@ss/${SECRET}@host`,
    'a URL with a token for user': `https://${SECRET}@host/`,
    'a private key': `read ${PEM} from disk`,
    'a private key that is cut off': `-----BEGIN PRIVATE KEY-----\n${SECRET}`,
  })) {
    it(`hides ${what} in a text`, () => {
      assert.ok(!shows(text));
      assert.ok(!shows(new Error('outer', { cause: new Error(text) })), 'in a cause');
      assert.ok(!shows([new AppError('internal', 'x', text)]), 'in an error in a list');
      assert.ok(!shows(new AggregateError([new Error(text)], 'some')), 'in one of several errors');
      assert.ok(!shows(new Map([['a', text]])), 'in a map');
      assert.ok(!shows({ [text]: 1 }), 'as a name');
      assert.ok(!shows(URL.canParse(text) ? new URL(text) : text), 'in a URL');
    });
  }

  it('hides the private half of a JSON Web Key, and shows the public one', () => {
    assert.deepEqual(redact({ jwks: [{ kty: 'OKP', x: 'public', d: SECRET }] }), { jwks: [{ kty: 'OKP', x: 'public', d: '[redacted]' }] });
  });

  it('shows bytes as their number only', () => {
    assert.deepEqual(redact({ data: Buffer.from(SECRET) }), { data: `[${SECRET.length} bytes]` });
  });

  it('leaves the rest as it is', () => {
    const at = new Date(0);
    assert.deepEqual(redact({ a: 1, b: [true, null], c: { d: 'text' }, at, big: 5n, idempotencyKey: 'k' }), {
      a: 1,
      b: [true, null],
      c: { d: 'text' },
      at: at.toISOString(),
      big: '5',
      idempotencyKey: 'k',
    });
  });

  it('spells errors out, with what they carry', () => {
    const { cause } = redact({ cause: new AppError('conflict', 'the_code', 'words', { cause: new TypeError('inner') }) });
    const text = JSON.stringify(cause);
    for (const part of ['conflict', 'the_code', 'words', 'inner', 'TypeError', 'redact.test.ts']) assert.ok(text.includes(part), part);
  });

  it('spells out each of several errors', () => {
    assert.match(
      JSON.stringify(redact({ cause: new AggregateError([new Error('the first'), new Error('the second')]) })),
      /the first.*the second/,
    );
  });

  it('bears rings, depth, width and getters that throw', () => {
    const ring: Record<string, unknown> = {};
    ring['self'] = ring;
    ring['wide'] = Array.from({ length: 500 }, () => Array.from({ length: 500 }, () => ({ ring })));
    ring['bad'] = {
      get trap(): never {
        throw new Error('no');
      },
    };
    assert.ok(JSON.stringify(redact({ ring, date: new Date(Number.NaN) })).length < 200_000);
  });

  it('is quick on hostile texts', () => {
    const from = performance.now();
    for (const piece of ['://a:', 'eyJ', '-----BEGIN PRIVATE KEY-----', 'Bearer ', '://']) redactText(piece.repeat(200_000));
    // Seconds at most, on any machine; a pattern that looks back again and again would take hours.
    assert.ok(performance.now() - from < 50_000);
  });

  it('lets no secret pass, however it is nested', () => {
    const secretText = fc.constantFrom(JWT, `Bearer ${SECRET}`, `mongodb://u:${SECRET}@h`, PEM);
    const named = fc
      .tuple(fc.constantFrom('password', 'token', 'ticket', 'packetKey', 'secret'), fc.constant(SECRET))
      .map(([name, value]) => ({ [name]: value }));
    const inText = fc.tuple(fc.string(), secretText, fc.string()).map(([left, text, right]) => `${left} ${text} ${right}`);
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'medium' }, named, inText, tie('list'), tie('object'), tie('error'), tie('map')),
      list: fc.array(tie('tree'), { maxLength: 4 }),
      object: fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
      error: tie('tree').map((cause) => Object.assign(new Error('x', { cause }), { extra: cause })),
      map: tie('tree').map((inner) => new Map([['inner', inner]])),
    }));
    fc.assert(
      fc.property(tree, (value) => !shows(value)),
      { numRuns: 500 },
    );
  });
});
