import assert from 'node:assert/strict';
import { Certificate, edgeReasons, type EdgeFacts } from '../../../deploy/cluster/edge/edge-reasons.ts';
import { authorizationOf, certificateOf, EDGE, NAME_SERVERS } from './deployment-under-test.ts';

const HOST = 'allocator.dev.example.com';
const proof = authorizationOf(HOST);
const certificate = (managed: object) => [Certificate.parse(certificateOf(HOST, managed))];
const RIGHT: EdgeFacts = {
  hosts: [HOST],
  address: EDGE,
  domain: 'dev.example.com',
  zone: NAME_SERVERS,
  // As DNS libraries tell: without the dot.
  nameServers: NAME_SERVERS.map((name) => name.replace(/\.$/, '')),
  addresses: { [HOST]: [EDGE] },
  authorizations: [proof],
  records: { [proof.dnsResourceRecord.name]: [proof.dnsResourceRecord.data.replace(/\.$/, '')] },
  certificates: certificate({ state: 'ACTIVE' }),
};

describe('deploy: why the public API does not answer', () => {
  for (const [what, change, told] of [
    [
      'nobody has the domain',
      { nameServers: [] },
      [/dev\.example\.com is delegated to nobody; it has to be ns-cloud-a1.*where dev\.example\.com is registered/],
    ],
    [
      'another has the domain, and nothing else counts then',
      { nameServers: ['ns.other'], addresses: { [HOST]: { fault: 'ENOTFOUND' } } },
      [/delegated to ns\.other/],
    ],
    ['half of the zone is not named', { nameServers: NAME_SERVERS.slice(1) }, [/it has to be ns-cloud-a1/]],
    ['a DS record of before is left', { nameServers: { fault: 'queryNs ESERVFAIL dev.example.com' } }, [/ESERVFAIL.*DS record/]],
    [
      'the name does not resolve',
      { addresses: { [HOST]: { fault: 'queryA ENOTFOUND' } } },
      [/allocator\S+ does not resolve \(queryA ENOTFOUND\); it has to be 203\.0\.113\.7/],
    ],
    ['the name leads elsewhere', { addresses: { [HOST]: ['198.51.100.1'] } }, [/is 198\.51\.100\.1 and not yet 203\.0\.113\.7/]],
    [
      'the proof is missing',
      { records: { [proof.dnsResourceRecord.name]: { fault: 'queryCname ENODATA' } } },
      [/proof for allocator\S+ is missing: _acme-challenge\.\S+ CNAME \S+ \(queryCname ENODATA\)/],
    ],
    [
      'the proof is of an earlier certificate',
      { records: { [proof.dnsResourceRecord.name]: ['old.authorize.example'] } },
      [/proof for \S+ is wrong: .*old\.authorize\.example and has to be CNAME/],
    ],
    [
      'the certificate is on its way',
      { certificates: certificate({ state: 'PROVISIONING', authorizationAttemptInfo: [{ domain: HOST, state: 'AUTHORIZING' }] }) },
      [/is PROVISIONING; AUTHORIZING$/],
    ],
    [
      'Google did not find the proof',
      {
        certificates: certificate({
          state: 'PROVISIONING',
          provisioningIssue: { reason: 'AUTHORIZATION_ISSUE', details: 'No CNAME record was found' },
          authorizationAttemptInfo: [{ domain: HOST, state: 'FAILED', failureReason: 'CONFIG', details: 'x' }],
        }),
      },
      [/is PROVISIONING; FAILED by CONFIG: Google did not find its record in DNS; No CNAME record was found/],
    ],
    [
      'Google has given up',
      { certificates: certificate({ state: 'FAILED' }) },
      [/is FAILED; Google has given up: terraform apply -replace/],
    ],
    ['there is no certificate', { certificates: [] }, [/has no certificate in Certificate Manager/]],
    ['all of that is right', {}, [/names and certificates are right: the load balancer takes some minutes/]],
    ['Certificate Manager does not tell', { certificates: undefined }, []],
  ] as const) {
    it(`says so when ${what}`, () => {
      const reasons = edgeReasons({ ...RIGHT, ...change });
      assert.equal(reasons.length, told.length, reasons.join('\n'));
      told.forEach((pattern, nth) => assert.match(reasons[nth] ?? '', pattern));
    });
  }
});
