import assert from 'node:assert/strict';
import { noticesFor, phaseOf, playableMs, touches, type Window } from '../../allocator/placement/maintenance.ts';
import type { MaintenanceScope } from '../../contracts/allocator-api/maintenance-windows.ts';
import { MOST_NOTICES } from '../../contracts/notices.ts';

const place = { cluster: 'east-1', region: 'east', fleet: 'duels', build: '1.4.1' };
const at = (seconds: number) => new Date(seconds * 1_000);
/** Drains from 40, runs from 100 to 200. */
const window: Window = {
  id: 'w',
  scope: { cluster: 'east-1' },
  startsAt: at(100),
  endsAt: at(200),
  drainLeadSeconds: 60,
  reason: 'kernel',
  end: 'let-finish',
  cancelledAt: null,
};

describe('A maintenance window', () => {
  it('is planned, drains, runs and is over by the clock alone, unless it was cancelled', () => {
    const phases = [39.999, 40, 99.999, 100, 199.999, 200].map((seconds) => phaseOf(window, seconds * 1_000));
    assert.deepEqual(phases, ['planned', 'draining', 'draining', 'running', 'running', 'over']);
    assert.equal(phaseOf({ ...window, cancelledAt: at(50) }, 60_000), 'cancelled');
  });

  const scopes: readonly [what: string, scope: MaintenanceScope, touched: boolean][] = [
    ['its cluster', { cluster: 'east-1' }, true],
    ['another cluster', { cluster: 'east-2' }, false],
    ['its fleet, in whatever cluster', { fleet: 'duels' }, true],
    ['another fleet', { fleet: 'raids' }, false],
    ['its fleet in its cluster', { fleet: 'duels', cluster: 'east-1' }, true],
    ['its fleet in another cluster', { fleet: 'duels', cluster: 'east-2' }, false],
    ['its build', { fleet: 'duels', build: '1.4.1' }, true],
    ['another build of its fleet', { fleet: 'duels', build: '1.4.2' }, false],
    ['its build in another cluster', { fleet: 'duels', build: '1.4.1', cluster: 'east-2' }, false],
    ['its region', { region: 'east' }, true],
    ['another region', { region: 'west' }, false],
  ];
  for (const [what, scope, touched] of scopes)
    it(`${touched ? 'touches' : 'leaves alone'} a server by ${what}`, () => assert.equal(touches(scope, place), touched));

  it('leaves the time until it begins, and none from its drain lead on', () => {
    const left = [0, 39, 40, 150, 200].map((seconds) => playableMs([window], place, seconds * 1_000));
    assert.deepEqual(left, [100_000, 61_000, 0, 0, undefined]);
  });

  it('that begins first decides, and those that are cancelled or elsewhere do not', () => {
    const sooner = { ...window, id: 's', startsAt: at(80), endsAt: at(90), drainLeadSeconds: 0 };
    assert.equal(playableMs([window, sooner], place, 0), 80_000);
    assert.equal(playableMs([window, { ...sooner, cancelledAt: at(0) }], place, 0), 100_000);
    assert.equal(playableMs([{ ...window, scope: { region: 'west' } }], place, 0), undefined);
  });

  it('is told from its drain lead on until it is over, the soonest first', () => {
    const sooner = { ...window, id: 's', startsAt: at(80) };
    const told = (seconds: number) => noticesFor([window, sooner], place, seconds * 1_000).map((notice) => notice.window);
    assert.deepEqual([told(10), told(30), told(50), told(200)], [[], ['s'], ['s', 'w'], []]);
  });

  it('tells the end of the session from its start on only where sessions are to end', () => {
    const kinds = (end: Window['end']) => [99, 100].map((seconds) => noticesFor([{ ...window, end }], place, seconds * 1_000)[0]?.kind);
    assert.deepEqual(kinds('let-finish'), ['maintenance', 'maintenance']);
    assert.deepEqual(kinds('end-sessions'), ['maintenance', 'session-end']);
  });

  it('is left out of the notices when there are more than a server is told', () => {
    const many = Array.from({ length: 20 }, (_, n) => ({ ...window, id: `w-${n}`, startsAt: at(100 - n) }));
    assert.equal(noticesFor(many, place, 50_000).length, MOST_NOTICES);
  });
});
