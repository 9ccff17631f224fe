import assert from 'node:assert/strict';
import { assertAll, outputOf, planned, plannedOrNone, valueAt } from '../planned.ts';
import type { PlannedResource } from '../test-output.ts';
import type { Promises } from './promise.ts';

/** Types that exist to keep a secret in the state. Their ephemeral namesakes do not. */
const KEEPERS = ['random_password', 'tls_private_key', 'google_service_account_key', 'mongodbatlas_x509_authentication_database_user'];
/** Names that providers give to secrets; what has a version beside it is written and not kept. */
const SECRET_NAME = /password|passphrase|secret_data|private_key|client_key|access_key|auth_string|token|credential/i;
const NOT_SECRET = /_version$|^is_/;
/** What the provider gives, and is empty then. */
const EMPTY_AFTERWARDS: Readonly<Record<string, string>> = {
  'google_container_cluster master_auth.0.client_key': 'no client certificate is issued, see the promise on control planes',
};
/** `ephemeralText` of the schema server: what every ephemeral value is in these plans. */
const EPHEMERAL = 'EPHEMERAL-SECRET-OF-THE-TESTS';

export const SECRETS: Promises = {
  'makes the secrets that the services read, and leaves the random ones to the deployment': (plan) => {
    const names = planned(plan, 'google_secret_manager_secret').map((each) => String(valueAt(each, 'secret_id')));
    const environment = String(outputOf(plan, 'environment'));
    for (const name of ['mongo-url', 'redis-url', 'redis-ca', 'accounts-secret', 'allocator-key-secret'])
      assert.ok(names.includes(`lifeverse-${environment}-${name}`), name);
    const written = planned(plan, 'google_secret_manager_secret_version');
    assertAll(written, { secret_data_wo_version: 1 });
    assertAll(planned(plan, 'mongodbatlas_database_user'), { password_wo_version: 1 });
    assert.deepEqual(
      written.map(({ index }) => index).filter((name) => /accounts-secret|allocator-key-secret/.test(String(name))),
      [],
    );
  },
  'keeps no secret in plan or state': (plan) => {
    for (const type of KEEPERS) assert.deepEqual(plannedOrNone(plan, type), [], type);
    assert.deepEqual(plan.resource_changes.flatMap(keptSecrets), []);
    assert.deepEqual(
      Object.entries(plan.output_changes).flatMap(([name, { after_sensitive: hidden }]) => (hidden === true ? [name] : [])),
      [],
    );
    assert.ok(!JSON.stringify(plan).includes(EPHEMERAL));
  },
};

/** Where a resource's plan has a secret, has one afterwards, or has what Terraform itself hides. */
function keptSecrets({ type, address, change }: PlannedResource): string[] {
  const known = placesIn(change.after, (name, value) => isSecretName(name) && !isNothing(value));
  const unknown = placesIn(change.after_unknown, (name, value) => isSecretName(name) && value === true);
  const hidden = placesIn(change.after_sensitive, (_, value) => value === true).filter((place) => !isNothing(valueIn(change.after, place)));
  return [...new Set([...known, ...unknown, ...hidden])]
    .filter((place) => EMPTY_AFTERWARDS[`${type} ${place}`] === undefined)
    .map((place) => `${address}: ${place}`);
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !NOT_SECRET.test(name);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** `a.0.b` of everything below that answers. */
function placesIn(value: unknown, isMeant: (name: string, value: unknown) => boolean): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(isMeant(name, inner) ? [name] : []),
    ...placesIn(inner, isMeant).map((place) => `${name}.${place}`),
  ]);
}

function valueIn(value: unknown, place: string): unknown {
  return place.split('.').reduce<unknown>((at, step) => Object(at)[step], value);
}
