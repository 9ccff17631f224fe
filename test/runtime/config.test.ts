import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import {
  ConfigError,
  jsonVariable,
  listenEnv,
  logEnv,
  mongoEnv,
  readConfig,
  redisEnv,
  redisFits,
  tlsEnv,
  trustEnv,
} from '../../runtime/config.ts';

const Env = z.object({ ...logEnv, ...listenEnv, ...tlsEnv, ...mongoEnv, ...redisEnv, ...trustEnv }).check(redisFits);
const GOOD = {
  PORT: '8443',
  OPS_PORT: '0',
  TLS_CERT_FILE: 'a',
  TLS_KEY_FILE: 'b',
  MONGO_URL: 'mongodb://h',
  MONGO_DATABASE: 'd',
  REDIS_URL: 'redis://h',
  TRUSTED_ISSUERS: '[{"issuer":"i","jwks":"https://i","roles":["player"]}]',
};

function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(Env, env);
  } catch (cause) {
    assert.ok(cause instanceof ConfigError);
    return cause.faults;
  }
  return [];
}

describe('the config', () => {
  it('is typed, with what may be left out filled in', () => {
    const config = readConfig(Env, GOOD);
    assert.equal(config.PORT, 8443);
    assert.equal(config.LOG_LEVEL, 'info');
    assert.equal(config.TRUSTED_ISSUERS[0]?.issuer, 'i');
  });

  it('lists every fault at once, by name, with what is wanted', () => {
    const faults = faultsOf({
      ...GOOD,
      PORT: 'http',
      OPS_PORT: undefined,
      MONGO_URL: 'postgres://h',
      LOG_LEVEL: 'loud',
      TLS_CERT_FILE: '',
    });
    assert.deepEqual(namesIn(faults), ['LOG_LEVEL', 'MONGO_URL', 'OPS_PORT', 'PORT', 'TLS_CERT_FILE']);
    assert.match(faults.join('\n'), /OPS_PORT: is not set \(port for liveness/);
    assert.match(faults.join('\n'), /TLS_CERT_FILE: is not set/);
    assert.match(faults.join('\n'), /MONGO_URL: begins with mongodb:\/\//);
  });

  it('points into a JSON variable', () => {
    const faults = faultsOf({ ...GOOD, TRUSTED_ISSUERS: '[{"issuer":"i","jwks":"http://i","roles":["king"]}]' });
    assert.deepEqual(namesIn(faults), ['TRUSTED_ISSUERS.0.jwks', 'TRUSTED_ISSUERS.0.roles.0']);
  });

  it('refuses an issuer that is named twice, since one would hide the other', () => {
    const issuer = '{"issuer":"i","jwks":"https://i","roles":["player"]}';
    assert.match(faultsOf({ ...GOOD, TRUSTED_ISSUERS: `[${issuer},${issuer}]` })[0] ?? '', /TRUSTED_ISSUERS\.1\.issuer: is named before/);
  });

  it('takes roles of service accounts, and names what is wrong with them', () => {
    const cluster = { issuer: 'i', jwks: 'https://i', roles: ['game-server', 'allocator'], cluster: 'eu' };
    const trusting = (issuer: object) => ({ ...GOOD, TRUSTED_ISSUERS: JSON.stringify([issuer]) });
    const serviceAccounts = { 'lifeverse-services/allocator': ['allocator'], 'lifeverse/agones-sdk.v2': ['game-server'] };
    assert.deepEqual(faultsOf(trusting({ ...cluster, serviceAccounts })), []);
    const wrong: Readonly<Record<string, object>> = {
      'are of a Kubernetes issuer: name its cluster': { ...cluster, cluster: undefined, serviceAccounts },
      'gives matchmaker, which is not among the roles of the issuer': { ...cluster, serviceAccounts: { 'a/b': ['matchmaker'] } },
      'is not NAMESPACE/NAME': { ...cluster, serviceAccounts: { allocator: ['allocator'] } },
      'is not NAMESPACE/NAME of': { ...cluster, serviceAccounts: { 'a/b/c': ['allocator'] } },
      serviceAccount: { ...cluster, serviceAccount: serviceAccounts },
      'a/b.0: Invalid option': { ...cluster, roles: [...cluster.roles, 'player'], serviceAccounts: { 'a/b': ['player'] } },
      'a/b: Too small': { ...cluster, serviceAccounts: { 'a/b': [] } },
    };
    for (const [fault, issuer] of Object.entries(wrong)) {
      const faults = faultsOf(trusting(issuer));
      assert.equal(faults.length, 1, fault);
      assert.ok(faults[0]?.includes(fault), `${fault}: ${faults[0]}`);
    }
  });

  it('sends tokens to Redis by TLS or on this machine only, and with no other login, beside every other fault', () => {
    const byToken = (url: string) => faultsOf({ ...GOOD, REDIS_URL: url, REDIS_CREDENTIALS: 'google' });
    for (const url of ['rediss://10.48.0.3:6379', 'redis://127.0.0.1:6379', 'redis://[::1]', 'redis://localhost'])
      assert.deepEqual(byToken(url), [], url);
    assert.match(byToken('redis://10.48.0.3:6379').join(), /^REDIS_URL: begins with rediss:\/\/ where REDIS_CREDENTIALS=google/);
    assert.match(byToken('rediss://:hunter2@10.48.0.3').join(), /^REDIS_URL: has a user or a password, in place of which/);
    const all = faultsOf({ ...GOOD, PORT: 'http', REDIS_URL: 'redis://ada:hunter2@redis', REDIS_CREDENTIALS: 'google' });
    assert.deepEqual(namesIn(all), ['PORT', 'REDIS_URL', 'REDIS_URL']);
    assert.doesNotMatch(all.join(), /hunter2/);
    assert.deepEqual(namesIn(faultsOf({ ...GOOD, REDIS_CREDENTIALS: 'password' })), ['REDIS_CREDENTIALS']);
    assert.deepEqual(faultsOf({ ...GOOD, REDIS_URL: 'redis://ada:hunter2@redis' }), []);
  });

  it('does not repeat what it could not read, which may be a secret', () => {
    const faults = faultsOf({ ...GOOD, TRUSTED_ISSUERS: 'hunter2', MONGO_URL: 'hunter2', REDIS_URL: 'hunter2' });
    assert.equal(faults.length, 3);
    assert.doesNotMatch(faults.join('\n'), /hunter2/);
  });

  it('reads JSON from a file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lifeverse-config-'));
    const schema = z.object({ MODES: jsonVariable(z.array(z.int()), 'modes') });
    writeFileSync(path.join(folder, 'modes.json'), '[1,2]');
    assert.deepEqual(readConfig(schema, { MODES: `file:${folder}/modes.json` }).MODES, [1, 2]);
    assert.throws(() => readConfig(schema, { MODES: `file:${folder}/none.json` }), /MODES: cannot be read: .*ENOENT/);
    rmSync(folder, { recursive: true });
  });
});

function namesIn(faults: readonly string[]): string[] {
  return faults.map((fault) => fault.split(':')[0] ?? '').toSorted();
}
