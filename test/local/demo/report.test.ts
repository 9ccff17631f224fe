import assert from 'node:assert/strict';
import { newAllocation, type AllocationDocument } from '../../../allocator/allocation.ts';
import { AllocationRequest } from '../../../contracts/allocator.ts';
import { faultsOf, percentile, reportOf, type Findings } from '../../../local/demo/report.ts';
import { Tally } from '../../../local/demo/tally.ts';

describe('the report of a run', () => {
  let tally: Tally;
  beforeEach(() => {
    tally = new Tally(
      () => 0,
      () => {},
    );
  });

  const allocation = (id: string, change: Partial<AllocationDocument>): AllocationDocument => ({
    ...newAllocation({
      uid: id,
      client: 'test',
      fingerprint: '',
      request: AllocationRequest.parse({
        id,
        fleet: 'f',
        build: 'b',
        mode: 'm',
        session: { map: 'm', capacity: 2 },
        players: [{ id: 'ann' }, { id: 'bob' }],
      }),
      now: new Date(1_000),
      traceparent: '',
      newPacketKey: () => '',
      worldSession: 0,
    }),
    ...change,
  });
  const server = (gameServer: string): NonNullable<AllocationDocument['server']> => ({
    cluster: 'west',
    region: 'west',
    namespace: 'n',
    gameServer,
    attempt: 1,
    address: { host: '127.0.0.1', port: 1 },
  });
  const ended = (id: string, ms: number): AllocationDocument => allocation(id, { state: 'ended', readyAt: new Date(1_000 + ms) });
  const findings = (allocations: readonly AllocationDocument[], change: Partial<Findings> = {}): Findings => ({
    players: 24,
    allocations,
    tally,
    doubled: 0,
    orphans: 0,
    entriesDurable: 100,
    entriesLost: 0,
    startSeconds: 9,
    ...change,
  });
  /** All is right: one match played, its world resumed. */
  const goodRun = (): AllocationDocument[] => {
    for (const player of ['ann', 'bob']) tally.joined('m1', player);
    for (const kind of ['forged', 'expired', 'used']) tally.refusedTickets.add(kind);
    tally.resumed.add('m1.r1');
    tally.killedServers.add('killed');
    tally.resizedServers.add('m1');
    tally.allocatorKills.push(1);
    return [allocation('m1', { state: 'lost', readyAt: new Date(1_200), server: server('killed') }), ended('m1.r1', 400)];
  };
  const faults = (found: Findings, wanted = 1): string[] => faultsOf(reportOf(found), found, wanted);

  it('has exactly the promised fields', () => {
    assert.deepEqual(reportOf(findings(goodRun())), {
      players: 24,
      matches: 1,
      allocations: { requested: 2, ready: 2, ended: 1, failed: 1 },
      doubled: 0,
      orphans: 0,
      refusedTickets: 3,
      worldsResumed: 1,
      serversResized: 1,
      entriesDurable: 100,
      entriesLost: 0,
      placementMs: { p50: 200, p99: 400 },
      startSeconds: 9,
    });
  });

  it('finds no fault in a good run', () => assert.deepEqual(faults(findings(goodRun())), []));

  it('counts a match only when every seat was taken', () => {
    tally.joined('m1', 'ann');
    assert.equal(reportOf(findings([ended('m1', 1)])).matches, 0);
  });

  for (const [what, change] of [
    ['a double', { doubled: 1 }],
    ['an orphan', { orphans: 1 }],
    ['a lost entry', { entriesLost: 1 }],
    ['no durable entry', { entriesDurable: 0 }],
  ] as const) {
    it(`objects to ${what}`, () => assert.equal(faults(findings(goodRun(), change)).length, 1));
  }

  it('objects to too few matches', () => assert.equal(faults(findings(goodRun()), 2).length, 1));

  it('objects to an allocation that failed, was lost without being killed, or never ended', () => {
    const bad = [
      allocation('m2', { state: 'failed' }),
      allocation('m3', { state: 'lost', server: server('other') }),
      allocation('m4', { state: 'ready' }),
    ];
    assert.equal(faults(findings([...goodRun(), ...bad])).length, 3);
  });

  it('objects when a mishap or a refusal is missing, and to every trouble', () => {
    const allocations = goodRun();
    tally.refusedTickets.delete('used');
    tally.resumed.clear();
    tally.allocatorKills.pop();
    tally.trouble('a bot fell over');
    assert.equal(faults(findings(allocations)).length, 4);
  });
});

describe('a percentile', () => {
  it('is the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    assert.equal(percentile(hundred, 0.5), 50);
    assert.equal(percentile(hundred, 0.99), 99);
    assert.equal(percentile([7], 0.99), 7);
    assert.equal(percentile([], 0.5), 0);
  });
});
