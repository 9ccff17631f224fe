/** What keeps game servers from being resized, as `kubectl describe` shows it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ResizeEvents, type ResizeEvent } from '../../../allocator/scaling/resize/resize-events.ts';
import { until } from '../allocator-under-test.ts';
import { OWNER, type ResizeBed } from './resize-bed.ts';

const IDLE = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } };
const ALLOCATED = { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } };
const PROFILE = JSON.stringify({ idle: IDLE, allocated: ALLOCATED });
const MINUTE = 60_000;

/** Beside those that resize: a control plane of its own would cost more than all of this. */
export function tellsEvents(resizing: () => ResizeBed): void {
  let bed: ResizeBed;
  before(() => {
    bed = resizing();
  });

  const shown = async (name: string) => (await bed.eventsOf(name)).map(({ kind, type, reason, count }) => [kind, type, reason, count]);
  const shows = (name: string, ...wanted: unknown[]) =>
    until(`${name} shows ${JSON.stringify(wanted)}`, async () => JSON.stringify(await shown(name)) === JSON.stringify(wanted));

  it('is told on the fleet where its profile has faults, all of them, and again when there are others', async () => {
    const fleet = await bed.makeFleet('{ idle: {}, allocated: { requests: { cpu: lots } } }');
    bed.startResizer();
    await shows(fleet, ['Fleet', 'Warning', 'ResizeProfileFaulty', 1]);
    const [event] = await bed.eventsOf(fleet);
    assert.match(event?.message ?? '', /^lifeverse\.dev\/resize is not followed: .*allocated\.requests\.cpu: is no amount/);
    await bed.changeProfile(fleet, '{ idle: ');
    await shows(fleet, ['Fleet', 'Warning', 'ResizeProfileFaulty', 2]);
    assert.match((await bed.eventsOf(fleet))[0]?.message ?? '', /neither YAML nor JSON/);
  });

  it('is told on the fleet once for all of its game servers that are refused, also by two processes', async () => {
    const fleet = await bed.makeFleet(PROFILE);
    const same = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } };
    const pods = await Promise.all(Array.from({ length: 6 }, () => bed.makePod(same, {}, same)));
    for (const pod of pods) bed.tell(fleet, pod);
    const both = [bed.startResizer(), bed.startResizer()];
    for (const { metrics } of both)
      await until('all are refused', async () =>
        (await metrics()).includes('lifeverse_resizes_total{cluster="gke-1",outcome="refused"} 6'),
      );
    await shows(fleet, ['Fleet', 'Warning', 'ResizeRefused', 1]);
    assert.match((await bed.eventsOf(fleet))[0]?.message ?? '', /does not get the size of idle: .*Pod QOS Class may not change/);
  });

  it('is told on the pod and its fleet where its node can never give it its size', async () => {
    const fleet = await bed.makeFleet(PROFILE);
    const pod = await bed.makePod(IDLE);
    await bed.report(pod, IDLE);
    bed.tell(fleet, pod, { state: 'Allocated', owner: OWNER });
    bed.startResizer();
    await until('it is asked for', async () => (await bed.sizeOf(pod)).requests.cpu === '500m');
    await bed.report(pod, IDLE, [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible', message: 'Node is too small' }]);
    await shows(pod.name, ['Pod', 'Warning', 'ResizeInfeasible', 1]);
    await shows(fleet, ['Fleet', 'Warning', 'ResizeInfeasible', 1]);
    const [event] = await bed.eventsOf(fleet);
    assert.equal(event?.message, `${pod.name} does not get the size of allocated: Node is too small`);
  });

  it('is told on the fleet where the cluster does not let us, and nothing comes of it where we may not tell', async () => {
    const fleet = await bed.makeFleet(PROFILE);
    const without = (resource: string) => bed.rights.filter(({ resources }) => !resources.includes(resource));
    await bed.giveRights(without('pods/resize'));
    bed.startResizer();
    await shows(fleet, ['Fleet', 'Normal', 'ResizeUnavailable', 1]);
    await bed.stopResizers();
    const silent = await bed.makeFleet('{ idle: ');
    const pod = await bed.makePod(ALLOCATED);
    await bed.giveRights(without('events'));
    bed.tell(fleet, pod);
    bed.startResizer();
    await until('it goes on', async () => (await bed.sizeOf(pod)).requests.cpu === '100m');
    await until('that is said', async () => bed.lines.some(({ message }) => message === 'an event could not be written'));
    assert.deepEqual(await shown(silent), []);
    await bed.giveRights(bed.rights);
  });

  describe('as events', () => {
    let clock = 1_800_000_000_000;
    const failures: string[] = [];
    const events = () => new ResizeEvents({ namespace: bed.namespace, now: () => clock, onFailure: (why) => failures.push(why) });
    const about = (name: string, change: Partial<ResizeEvent> = {}): ResizeEvent => ({
      on: { kind: 'Fleet', name, uid: randomUUID() },
      type: 'Warning',
      reason: 'ResizeRefused',
      about: 'full',
      version: 'one',
      message: 'no',
      ...change,
    });
    after(() => assert.deepEqual(failures, []));

    it('is told again after ten minutes while it lasts, in the event that stands, or anew where that was forgotten', async () => {
      const teller = events();
      const event = about('lasting');
      teller.tell(bed.ask, event);
      await shows('lasting', ['Fleet', 'Warning', 'ResizeRefused', 1]);
      clock += 9 * MINUTE;
      teller.tell(bed.ask, event);
      clock += MINUTE;
      teller.tell(bed.ask, { ...event, message: 'still no' });
      await shows('lasting', ['Fleet', 'Warning', 'ResizeRefused', 2]);
      const [standing] = await bed.eventsOf('lasting');
      assert.equal(standing?.message, 'still no');
      // Another process, which knows nothing of the first.
      const other = events();
      other.tell(bed.ask, { ...event, message: 'no, says another' });
      await until('it is written on', async () => (await bed.eventsOf('lasting'))[0]?.message === 'no, says another');
      await shows('lasting', ['Fleet', 'Warning', 'ResizeRefused', 2]);
      clock += 10 * MINUTE;
      other.tell(bed.ask, event);
      await shows('lasting', ['Fleet', 'Warning', 'ResizeRefused', 3]);
      await bed.send('DELETE', `/api/v1/namespaces/${bed.namespace}/events/${standing.metadata.name}`);
      clock += 10 * MINUTE;
      other.tell(bed.ask, event);
      await shows('lasting', ['Fleet', 'Warning', 'ResizeRefused', 1]);
    });

    it('come thirty at once at most, and thirty in a minute', async () => {
      const asked: string[] = [];
      const teller = events();
      const counting = (request: Parameters<typeof bed.ask>[0]) => {
        asked.push(request.path);
        return bed.ask(request);
      };
      const tellMany = () => {
        for (let nth = 0; nth < 100; nth += 1) teller.tell(counting, about(`many-${nth}`));
      };
      tellMany();
      assert.equal(asked.length, 30);
      clock += MINUTE / 2;
      tellMany();
      assert.equal(asked.length, 45);
      await until('the last is written', async () => (await bed.eventsOf('many-14')).length === 2);
    });
  });
}
