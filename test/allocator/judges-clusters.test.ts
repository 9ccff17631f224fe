import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import { ClusterHealth, type BreakerState } from '../../allocator/clusters/cluster-health.ts';
import { parseClusters, sameConnection } from '../../allocator/clusters/cluster-config.ts';
import { outcomeOf, outcomeOfFailure } from '../../allocator/clusters/game-server-allocation.ts';
import { answerError } from '../../allocator/clusters/kube-errors.ts';
import { ConfigError } from '../../runtime/config.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { until } from './allocator-under-test.ts';

describe('The health of a cluster', () => {
  let now = 0;
  let states: BreakerState[] = [];
  let errors: unknown[] = [];
  const stops: AbortController[] = [];
  afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

  function health() {
    now = 0;
    states = [];
    errors = [];
    const log = { ...SILENT_LOG, error: (_message: string, fields: unknown = {}) => void errors.push(fields) };
    return new ClusterHealth({ log, now: () => now, probeMs: { first: 5, most: 20 }, changed: (state) => states.push(state) });
  }
  const failing = (of: ClusterHealth, error: AppError) => of.run(() => Promise.reject(error)).catch(() => {});
  const late = new AppError('timeout', 'cluster_timeout', 'late');

  it('leaves a cluster out at the first time-out, and asks it nothing until a probe has passed', async () => {
    const of = health();
    let asked = 0;
    await failing(of, late);
    assert.equal(of.closed, false);
    const code = await of.run(async () => (asked += 1)).catch((cause: unknown) => (cause instanceof AppError ? cause.code : cause));
    assert.deepEqual([code, asked], ['cluster_left_out', 0]);
    let isBack = false;
    let probes = 0;
    const stop = new AbortController();
    stops.push(stop);
    const check = async () => {
      probes += 1;
      if (!isBack) throw late;
    };
    void of.probe(check, stop.signal);
    await until('it was probed in vain', async () => probes >= 3);
    assert.equal(of.closed, false);
    isBack = true;
    await until('it is back', async () => of.closed);
    await of.run(async () => (asked += 1));
    assert.equal(asked, 1);
    assert.deepEqual([...new Set(states)], ['open', 'half-open', 'closed']);
  });

  it('bears single errors of an API server that answers, and leaves it out after five in a row', async () => {
    const of = health();
    for (let nth = 0; nth < 4; nth += 1) await failing(of, answerError('allocate', 500, 'x'));
    await of.run(async () => {});
    for (let nth = 0; nth < 4; nth += 1) await failing(of, answerError('allocate', 500, 'x'));
    assert.equal(of.closed, true);
    await failing(of, answerError('allocate', 500, 'x'));
    assert.equal(of.closed, false);
  });

  it('does not leave a cluster out because it limits its callers', async () => {
    const of = health();
    for (let nth = 0; nth < 9; nth += 1) await failing(of, answerError('allocate', 429, 'slower', 2));
    assert.equal(of.closed, true);
  });

  it('says once, as an error, which right is missing', async () => {
    const of = health();
    const refused = answerError('list', 403, { message: 'cannot list resource "gameservers"' });
    await failing(of, refused);
    for (let nth = 0; nth < 3; nth += 1) of.failed(refused);
    assert.equal(errors.length, 1);
    assert.match(JSON.stringify(errors), /cannot list resource/);
    assert.match(of.view.lastError?.message ?? '', /403 to list: cannot list resource/);
  });
});

describe('The outcome of an ask', () => {
  const kindOf = (status: number) => outcomeOfFailure(answerError('allocate', status, 'x')).kind;

  it('is certain where the API server cannot have begun with it, and in doubt otherwise', () => {
    for (const status of [401, 403, 404, 422, 429]) assert.equal(kindOf(status), 'not-taken', String(status));
    for (const status of [500, 502, 503, 504]) assert.equal(kindOf(status), 'doubt', String(status));
    const codes = ['cluster_unreachable', 'cluster_untrusted', 'cluster_credentials', 'cluster_left_out'];
    for (const code of codes) assert.equal(outcomeOfFailure(new AppError('unavailable', code, '')).kind, 'not-taken', code);
    for (const code of ['cluster_broken', 'cluster_timeout'])
      assert.equal(outcomeOfFailure(new AppError('timeout', code, '')).kind, 'doubt');
    assert.equal(outcomeOfFailure(new Error('?')).kind, 'doubt');
  });

  it('is certain that contention took nothing', () => {
    assert.equal(outcomeOf({ status: { state: 'Contention' } }).kind, 'not-taken');
    assert.equal(outcomeOf({ status: { state: 'UnAllocated' } }).kind, 'none');
    assert.equal(outcomeOf({ status: { state: 'Allocated' } }).kind, 'doubt', 'a server without a name was taken all the same');
    assert.equal(outcomeOf('nonsense').kind, 'doubt');
  });
});

describe('The clusters file', () => {
  const good = { name: 'a', region: 'eu', kubeconfig: '/k', namespace: 'games' };
  const faultsOf = (value: unknown): readonly string[] => {
    try {
      parseClusters(JSON.stringify(value), 'f');
      return [];
    } catch (cause) {
      assert.ok(cause instanceof ConfigError);
      return cause.faults;
    }
  };

  it('names every fault at once, by the name of the cluster', () => {
    const faults = faultsOf([
      { ...good, wieght: 2, namespace: 'Not legal' },
      { ...good, kubeconfig: undefined },
      { ...good, name: 'b', inCluster: true },
    ]);
    assert.equal(faults.length, 5, faults.join('\n'));
    for (const word of [/wieght/, /a\.namespace/, /neither is inCluster/, /b\.inCluster: contradicts/, /a is listed twice/])
      assert.ok(
        faults.some((fault) => word.test(fault)),
        String(word),
      );
  });

  it('takes a control plane that is reached by Google’s credentials, and names what is wrong with it', () => {
    const gke = {
      name: 'g',
      region: 'eu',
      endpoint: 'https://gke-0123abcd.europe-west4.gke.goog',
      credentials: 'google',
      namespace: 'games',
    };
    assert.deepEqual(faultsOf([gke, { ...gke, name: 'h', ca: '' }]), []);
    const wrong: readonly (readonly [RegExp, object])[] = [
      [/g\.endpoint: contradicts kubeconfig/, { ...gke, kubeconfig: '/k' }],
      [/g\.endpoint: contradicts inCluster/, { ...gke, inCluster: true }],
      [/g\.endpoint: is not https/, { ...gke, endpoint: 'http://gke.goog' }],
      [/g\.endpoint: is not https/, { ...gke, endpoint: 'gke.goog' }],
      [/g\.endpoint: is not https/, { ...gke, endpoint: 'https://me:secret@gke.goog' }],
      [/g\.credentials: is not set/, { ...gke, credentials: undefined }],
      [/g\.credentials: /, { ...gke, credentials: 'amazon' }],
      [/g\.credentials: are for an endpoint/, { ...gke, endpoint: undefined, inCluster: true }],
      [/g\.ca: is no certificate/, { ...gke, ca: 'LS0t' }],
      [/g\.ca: is not set, and the certificate for an address/, { ...gke, endpoint: 'https://10.0.0.2' }],
      [/a\.ca: is of an endpoint/, { ...good, ca: 'LS0t' }],
      [/g\.context: is of a kubeconfig/, { ...gke, context: 'x' }],
    ];
    for (const [fault, entry] of wrong) {
      const faults = faultsOf([entry]);
      assert.equal(faults.length, 1, `${fault}: ${faults.join('; ')}`);
      assert.match(faults[0] ?? '', fault);
    }
  });

  it('takes an edge before the game servers, and names what is wrong with it', () => {
    assert.deepEqual(faultsOf([{ ...good, udpEdge: { host: '203.0.113.7', port: 7_777 } }]), []);
    const wrong = [{ host: '' }, { host: '203.0.113.7', port: 0 }, { address: '203.0.113.7', host: 'edge', port: 7_777 }];
    for (const udpEdge of wrong) assert.match(faultsOf([{ ...good, udpEdge }]).join('; '), /a\.udpEdge/);
  });

  it('knows whether two entries are reached alike', () => {
    const [a, b, c] = ['https://a.gke.goog', 'https://a.gke.goog', 'https://b.gke.goog'].flatMap((endpoint) =>
      parseClusters(JSON.stringify([{ name: 'g', region: 'eu', endpoint, credentials: 'google', namespace: 'games' }]), 'f'),
    );
    assert.ok(a && b && c);
    assert.deepEqual(
      [sameConnection(a, { ...b, weight: 2 }), sameConnection(a, c), sameConnection(a, { ...b, ca: 'x' })],
      [true, false, false],
    );
  });

  it('takes YAML, fills in what may be left out, and refuses an empty list', () => {
    const [one] = parseClusters('- { name: a, region: eu, inCluster: true, namespace: games, fleets: [duel] }', 'f');
    assert.deepEqual(one, { name: 'a', region: 'eu', inCluster: true, namespace: 'games', weight: 1, drain: false, fleets: ['duel'] });
    assert.equal(faultsOf([]).length, 1);
    assert.equal(faultsOf('nonsense').length, 1);
  });
});
