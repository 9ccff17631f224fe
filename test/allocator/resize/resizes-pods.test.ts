import assert from 'node:assert/strict';
import { parseProfile, type Profile } from '../../../allocator/scaling/resize/profile.ts';
import type { AskCluster } from '../../../allocator/scaling/resize/ask-cluster.ts';
import { resizePod } from '../../../allocator/scaling/resize/resize-pod.ts';
import { until } from '../allocator-under-test.ts';
import { OWNER, resizeBed, type ResizeBed } from './resize-bed.ts';
import { tellsEvents } from './tells-events.ts';

const IDLE = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } };
const ALLOCATED = { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } };
const FULL = { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '3Gi' } };
const START = { requests: { cpu: '2', memory: '2Gi' }, limits: { memory: '2Gi' } };
const PROFILE = { idle: IDLE, allocated: ALLOCATED, full: FULL, seats: { counter: 'players' }, holdSeconds: 0 };

describe('Resizing pods in place', function () {
  this.timeout(600_000);
  let bed: ResizeBed;
  before(async () => {
    bed = await resizeBed('1.32');
  });
  afterEach(() => bed.stopResizers());
  after(() => bed.close());

  const profile = (): Profile => {
    const parsed = parseProfile(JSON.stringify(PROFILE));
    assert.ok('profile' in parsed);
    return parsed.profile;
  };
  const allocated = (count: number) => ({ state: 'Allocated', owner: OWNER, players: { count, capacity: 10 } });
  const becomes = (pod: { name: string }, size: object, what: string) =>
    until(`${what}: ${JSON.stringify(size)}`, async () => {
      const { changes: _, ...present } = await bed.sizeOf(pod);
      return JSON.stringify(present) === JSON.stringify(size);
    });
  const counted = async (metrics: () => Promise<string>, outcome: string) =>
    Number(new RegExp(`lifeverse_resizes_total\\{cluster="gke-1",outcome="${outcome}"\\} (\\d+)`).exec(await metrics())?.[1] ?? 0);
  const gauge = async (metrics: () => Promise<string>, name: string) =>
    Number(new RegExp(`^lifeverse_resize_${name}\\S* (\\S+)$`, 'm').exec(await metrics())?.[1] ?? Number.NaN);

  it('is off in a cluster whose Kubernetes lacks it, says so in one line, and begins after an upgrade', async () => {
    const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
    const pod = await bed.makePod(START);
    bed.tell(fleet, pod);
    const { metrics } = bed.startResizer();
    const lines = () => bed.lines.filter(({ message }) => message === 'game servers are not resized here');
    await until('it is said', async () => lines().length > 0);
    assert.deepEqual(
      lines().map(({ level, fields }) => [level, fields['why']]),
      [['warn', 'it has no subresource pods/resize, which Kubernetes has since 1.33']],
    );
    assert.equal(await gauge(metrics, 'available'), 0);
    assert.equal((await bed.sizeOf(pod)).changes, 0);
    await bed.upgrade();
    await becomes(pod, IDLE, 'after the upgrade');
    assert.equal(await gauge(metrics, 'available'), 1);
  });

  it('follows a game server through its session: idle, allocated, full, fewer players, idle again', async () => {
    const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
    const pod = await bed.makePod(START);
    bed.tell(fleet, pod);
    bed.startResizer();
    await becomes(pod, IDLE, 'nobody plays');
    bed.tell(fleet, pod, allocated(2));
    await becomes(pod, ALLOCATED, 'a session');
    bed.tell(fleet, pod, allocated(8));
    await becomes(pod, FULL, 'it is full');
    bed.tell(fleet, pod, allocated(7));
    bed.tell(fleet, pod, allocated(6));
    await becomes(pod, { requests: { cpu: '500m', memory: '2Gi' }, limits: { memory: '3Gi' } }, 'its memory stays');
    bed.tell(fleet, pod);
    await becomes(pod, IDLE, 'the session is over');
    assert.equal((await bed.sizeOf(pod)).changes, 5, 'each of them was one change');
  });

  it('leaves alone who has no profile, another owner, starts, or is of another game server by the same name', async () => {
    const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
    const other = await bed.makeFleet('{ idle: ');
    const pods = await Promise.all(Array.from({ length: 5 }, () => bed.makePod(START)));
    const [plain, foreign, starting, replaced, mine] = pods;
    assert.ok(plain && foreign && starting && replaced && mine);
    bed.tell(other, plain);
    bed.tell(fleet, foreign, { state: 'Allocated', owner: 'another' });
    bed.tell(fleet, starting, { state: 'Scheduled' });
    bed.tell(fleet, { ...replaced, uid: mine.uid });
    bed.tell(fleet, { name: 'gone', uid: mine.uid });
    bed.tell(fleet, mine, { state: 'Allocated' });
    const { metrics } = bed.startResizer();
    await becomes(mine, { requests: { cpu: '500m', memory: '2Gi' }, limits: { memory: '2Gi' } }, 'allocated by hand');
    await until('the absent and the replaced one are noted', async () => (await counted(metrics, 'gone')) === 2);
    for (const one of [plain, foreign, starting, replaced]) assert.equal((await bed.sizeOf(one)).changes, 0);
    const faults = bed.lines.filter(({ level, fields }) => level === 'error' && fields['fleet'] === other);
    assert.equal(faults.length, 1, 'a faulty profile is said once');
    assert.equal(await gauge(metrics, 'profile_faults'), 1);
  });

  it('takes up another profile, and a mended one', async () => {
    const fleet = await bed.makeFleet('{ idle: {} }');
    const pod = await bed.makePod(START);
    bed.tell(fleet, pod);
    bed.startResizer();
    await until('the fault is said', async () => bed.lines.some(({ fields }) => fields['fleet'] === fleet));
    await bed.changeProfile(fleet, JSON.stringify(PROFILE));
    await becomes(pod, IDLE, 'mended');
    const smaller = { ...PROFILE, idle: { ...IDLE, requests: { cpu: '50m', memory: '256Mi' } } };
    await bed.changeProfile(fleet, JSON.stringify(smaller));
    await becomes(pod, smaller.idle, 'changed');
  });

  it('hears from the node: deferred, granted, and what can never be is taken back', async () => {
    const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
    const pod = await bed.makePod(IDLE);
    await bed.report(pod, IDLE);
    bed.tell(fleet, pod);
    const { metrics } = bed.startResizer();
    bed.tell(fleet, pod, allocated(1));
    await becomes(pod, ALLOCATED, 'asked for');
    const pending = (reason: string) => [{ type: 'PodResizePending', status: 'True', reason, message: 'Node is full' }];
    await bed.report(pod, IDLE, pending('Deferred'));
    await until('it is deferred', async () => (await counted(metrics, 'deferred')) === 1);
    assert.equal(await gauge(metrics, 'pending'), 1);
    assert.ok((await gauge(metrics, 'pending_age_seconds')) > 0);
    assert.match(await metrics(), /cpu_cores\{cluster="gke-1",of="wanted"\} 0\.5\n.*of="granted"\} 0\.1/);
    await bed.report(pod, ALLOCATED);
    await until('it is granted', async () => (await counted(metrics, 'granted')) === 1);
    assert.equal(await gauge(metrics, 'pending'), 0);
    bed.tell(fleet, pod, allocated(10));
    await becomes(pod, FULL, 'asked for');
    await bed.report(pod, ALLOCATED, pending('Infeasible'));
    await becomes(pod, ALLOCATED, 'taken back');
    assert.equal(await counted(metrics, 'infeasible'), 1);
    bed.tell(fleet, pod);
    await becomes(pod, IDLE, 'what is possible goes on');
    await bed.report(pod, IDLE);
    await until('it is granted', async () => (await counted(metrics, 'granted')) === 2);
    assert.equal((await bed.sizeOf(pod)).changes, 4, 'what the node had said of the change before counted for nothing');
  });

  it('writes nothing when the pod has changed since it was looked at, as for a process that slept in between', async () => {
    const pod = await bed.makePod(IDLE);
    let slept = false;
    const sleepy: AskCluster = async (request) => {
      if (request.method === 'PATCH' && !slept) {
        slept = true;
        assert.equal((await resize(bed.ask, 'full')).kind, 'asked', 'whoever took its place');
      }
      return bed.ask(request);
    };
    const resize = (ask: AskCluster, level: 'idle' | 'allocated' | 'full') => {
      const target = () => ({ profile: profile(), level });
      return resizePod({
        ask,
        namespace: bed.namespace,
        name: pod.name,
        gameServerUid: pod.uid,
        rules: { memoryLimitsShrink: true },
        looks: () => 0,
        target,
      });
    };
    assert.equal((await resize(sleepy, 'allocated')).kind, 'conflict');
    const { changes, ...size } = await bed.sizeOf(pod);
    assert.deepEqual([size, changes], [FULL, 1]);
  });

  it('is done once when two processes both believe that they hold the lease', async () => {
    const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
    const pods = await Promise.all(Array.from({ length: 12 }, () => bed.makePod(IDLE)));
    for (const pod of pods) bed.tell(fleet, pod);
    const both = [bed.startResizer(), bed.startResizer()];
    for (const pod of pods) bed.tell(fleet, pod, allocated(1));
    for (const pod of pods) await becomes(pod, ALLOCATED, 'a session');
    for (const pod of pods) bed.tell(fleet, pod, allocated(9));
    for (const pod of pods) await becomes(pod, FULL, 'it is full');
    for (const pod of pods) assert.equal((await bed.sizeOf(pod)).changes, 2);
    const asked = await Promise.all(both.map(({ metrics }) => counted(metrics, 'asked')));
    assert.equal(
      asked.reduce((sum, one) => sum + one),
      24,
    );
  });

  it('says what is refused, once per fleet, and goes on with the others', async () => {
    const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
    const same = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } };
    const guaranteed = await Promise.all([1, 2].map(() => bed.makePod(same, {}, same)));
    const restarting = await bed.makePod(START, { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] });
    const good = await bed.makePod(START);
    for (const pod of [...guaranteed, restarting, good]) bed.tell(fleet, pod);
    const { metrics } = bed.startResizer();
    await becomes(good, IDLE, 'nobody plays');
    await until('two are refused', async () => (await counted(metrics, 'refused')) === 2);
    await until('one would be restarted', async () => (await counted(metrics, 'impossible')) === 1);
    for (const pod of [...guaranteed, restarting]) assert.equal((await bed.sizeOf(pod)).changes, 0);
    const said = bed.lines.filter(({ message }) => message.startsWith('a resize is refused')).map(({ fields }) => String(fields['why']));
    assert.equal(said.length, 2, said.join('\n'));
    assert.ok(said.some((why) => why.includes('Pod QOS Class may not change')));
    assert.ok(said.some((why) => why.includes('restarts it for memory')));
  });

  it('takes a limit of the namespace for what it is, and not for a missing right', async () => {
    const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
    const pods = await Promise.all([1, 2].map(() => bed.makePod(IDLE)));
    const [greedy, modest] = pods;
    assert.ok(greedy && modest);
    const limits = `/api/v1/namespaces/${bed.namespace}/limitranges`;
    await bed.send('POST', limits, { metadata: { name: 'small' }, spec: { limits: [{ type: 'Pod', max: { memory: '2560Mi' } }] } });
    await until('the limit is in force', () =>
      bed.makePod(FULL).then(
        () => false,
        () => true,
      ),
    );
    const { metrics } = bed.startResizer();
    bed.tell(fleet, greedy, allocated(9));
    await until('it is refused', async () => (await counted(metrics, 'refused')) === 1);
    bed.tell(fleet, modest, allocated(1));
    await becomes(modest, ALLOCATED, 'a session');
    assert.deepEqual([(await bed.sizeOf(greedy)).changes, await gauge(metrics, 'available')], [0, 1]);
    assert.ok(bed.lines.some(({ fields }) => String(fields['why']).includes('maximum memory usage per Pod is')));
    await bed.send('DELETE', `${limits}/small`);
  });

  describe('tells what keeps it from that, which', () => tellsEvents(() => bed));

  describe('where it cannot be', () => {
    it('is off without the rights, says in one line which, and is on again once they are given', async () => {
      const fleet = await bed.makeFleet(JSON.stringify(PROFILE));
      const pod = await bed.makePod(START);
      bed.tell(fleet, pod);
      await bed.giveRights(bed.rights.filter(({ resources }) => !resources.includes('pods/resize')));
      const { metrics } = bed.startResizer();
      const lines = () => bed.lines.filter(({ message }) => message === 'game servers are not resized here');
      await until('it is said', async () => lines().length > 0);
      await until('it was looked at again', async () => (await gauge(metrics, 'available')) === 0);
      assert.deepEqual(
        lines().map(({ level, fields }) => [level, fields['why']]),
        [['warn', 'we may not patch pods/resize in games']],
      );
      assert.equal((await bed.sizeOf(pod)).changes, 0);
      await bed.giveRights(bed.rights);
      await becomes(pod, IDLE, 'the right is there');
      assert.equal(lines().length, 1);
      await bed.giveRights([]);
      await until('it is said that they are gone', async () => lines().length > 1);
      assert.match(String(lines()[1]?.fields['why']), /^we may not get pods, patch pods\/resize in games$/);
      await bed.giveRights(bed.rights);
    });
  });
});
