/** Fleets of builds side by side, with the marks that a release writes on them. */
import { randomUUID } from 'node:crypto';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { RELEASE_STATE, type ReleaseState } from '../../contracts/allocator-api/autoscaler.ts';
import { podlessFleet } from '../../local/podless-fleet.ts';
import { until, type EAST, type WEST, type AllocatorUnderTest } from './allocator-under-test.ts';

export type Where = typeof EAST | typeof WEST;

export async function fleetsOfBuilds(world: AllocatorUnderTest) {
  const fleet = `f-${randomUUID().slice(0, 8)}`;
  const made: { readonly where: Where; readonly name: string }[] = [];
  const pathOf = (where: Where, name = '') => `/apis/agones.dev/v1/namespaces/${where}/fleets${name === '' ? '' : `/${name}`}`;
  const nameOf = (build: string) => `${fleet}-${build}`;
  const send = async (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) => {
    const answer = await world.kube.send({ method, path, timeoutMs: 60_000, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const marked = (state: ReleaseState) => ({ annotations: { [RELEASE_STATE]: state } });

  return {
    fleet,
    /** By its own name, as releases make it. */
    make: async (where: Where, build: string, state: ReleaseState, replicas = 0): Promise<void> => {
      const labels = { [GAME_SERVER_MARKS.fleet]: fleet, [GAME_SERVER_MARKS.build]: build };
      const name = nameOf(build);
      const { spec, ...rest } = podlessFleet(name, replicas) as { spec: { template: { metadata: object } } };
      const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } };
      await send('POST', pathOf(where), { ...rest, metadata: { name, labels, ...marked(state) }, spec: { ...spec, template } });
      made.push({ where, name });
      if (replicas > 0)
        await until(`${replicas} Ready of ${name}`, async () => {
          const servers = await world.servers(where, name);
          return servers.filter((one) => one.state === 'Ready').length === replicas;
        });
    },
    /** One that is closed wants no servers. */
    mark: (where: Where, build: string, state: ReleaseState) =>
      send('PATCH', pathOf(where, nameOf(build)), { metadata: marked(state), ...(state === 'closed' ? { spec: { replicas: 0 } } : {}) }),
    /** As a release takes one away that was closed long ago. */
    remove: (where: Where, build: string) => send('DELETE', pathOf(where, nameOf(build))),
    /** Build → its state, as the allocator tells it. */
    told: async () => {
      const { builds } = (await (await world.matchmaker()).listBuilds({ query: { fleet } })).body;
      return Object.fromEntries(builds.map(({ build, state }) => [build, state]));
    },
    stop: async () => {
      for (const { where, name } of made) await world.kube.send({ method: 'DELETE', path: pathOf(where, name), timeoutMs: 60_000 });
    },
  };
}

export type FleetsOfBuilds = Awaited<ReturnType<typeof fleetsOfBuilds>>;
