/** When a schedule of a FleetAutoscaler is active. */
import assert from 'node:assert/strict';

import { cronOf, durationMs, isScheduleActive } from '../../../local/agones/controllers/schedule.ts';
import type { SchedulePolicy } from '../../../local/agones/resources/fleet.ts';

type Period = NonNullable<SchedulePolicy['activePeriod']>;

const policy = { type: 'Buffer' };
const isActive = (activePeriod: Period, at: string, between: SchedulePolicy['between'] = {}): boolean =>
  isScheduleActive({ policy, between, activePeriod }, new Date(at));

describe('a schedule', () => {
  const FRIDAYS = { timezone: 'UTC', startCron: '30 16 * * 5', duration: '6h' };
  const BERLIN = { timezone: 'Europe/Berlin', startCron: '0 18 * * *', duration: '1h30m' };
  const NIGHT = { timezone: 'Europe/Berlin', startCron: '30 2 * * *', duration: '30m' };
  const table: readonly (readonly [what: string, period: Period, at: string, active: boolean])[] = [
    ['before it begins', FRIDAYS, '2026-11-27T16:28:29Z', false],
    ['a minute and a half early, as Agones has it', FRIDAYS, '2026-11-27T16:28:31Z', true],
    ['as it begins', FRIDAYS, '2026-11-27T16:30:00Z', true],
    ['while it lasts', FRIDAYS, '2026-11-27T22:29:59Z', true],
    ['as it ends', FRIDAYS, '2026-11-27T22:30:00Z', false],
    ['on another day', FRIDAYS, '2026-11-26T18:00:00Z', false],
    ['in its own time zone, in winter', BERLIN, '2026-12-01T17:10:00Z', true],
    ['at the same hour of another time zone', BERLIN, '2026-12-01T18:40:00Z', false],
    ['in its own time zone, in summer', BERLIN, '2026-07-01T16:10:00Z', true],
    ['over midnight', { startCron: '0 22 * * *', duration: '4h' }, '2026-11-27T01:59:00Z', true],
    ['on a day of the month or of the week', { startCron: '0 0 13 * 5', duration: '24h' }, '2026-11-27T12:00:00Z', true],
    ['in an hour that the clocks leap over', NIGHT, '2026-03-29T01:10:00Z', false],
    ['on the day after', NIGHT, '2026-03-30T00:40:00Z', true],
    ['without a duration: for ever', { startCron: '0 0 1 1 *' }, '2026-11-27T12:00:00Z', true],
    ['without a cron: always', { duration: '1s' }, '2026-11-27T12:00:00Z', true],
    ['on a day that never comes', { startCron: '0 0 31 2 *', duration: '24h' }, '2026-03-03T00:00:00Z', false],
  ];
  for (const [what, period, at, active] of table) {
    it(`is ${active ? 'active' : 'not active'} ${what}`, () => assert.equal(isActive(period, at), active));
  }

  it('is bounded by its two ends, both of them inside', () => {
    const between = { start: '2026-11-01T00:00:00Z', end: '2026-11-30T00:00:00+01:00' };
    const at = (time: string): boolean => isActive({}, time, between);
    assert.deepEqual(['2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z', '2026-11-29T23:00:00Z', '2026-11-29T23:00:01Z'].map(at), [
      false,
      true,
      true,
      false,
    ]);
  });

  it('reads durations as Go writes them, and no others', () => {
    assert.deepEqual(
      ['0', '6h', '1h30m', '1.5h', '90s', '-1m', '250ms', '2us'].map(durationMs),
      [0, 21_600_000, 5_400_000, 5_400_000, 90_000, -60_000, 250, 0.002],
    );
    for (const wrong of ['', '6', 'h', '1d', '6 h', '1h-3m']) assert.throws(() => durationMs(wrong), /invalid duration/);
  });

  it('takes the crons that Agones takes', () => {
    for (const right of ['@daily', '*/5 * * * *', '0 9-17/2 1,15 JAN-MAR MON', '0 0 ? * 0']) assert.ok(cronOf(right, 'UTC'));
    for (const wrong of ['zz', '* * * *', '* * * * * *', '60 * * * *', '0 0 * * 7', '0 0 L * *', '0 0 * * MON#1', '@every 1h', '@reboot']) {
      assert.throws(() => cronOf(wrong, 'UTC'), Error, wrong);
    }
  });
});
