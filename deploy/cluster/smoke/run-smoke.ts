/** The smoke test as the engineer's machine runs it: gets itself a token, chooses a fleet, plays through the public names. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { allocatorApi } from '../../../contracts/allocator-api.ts';
import { createClient } from '../../../contracts/client.ts';
import { GAME_SERVER_MARKS } from '../../../contracts/allocator.ts';
import type { Hands } from '../doing/hands.ts';
import { mustRunLine } from '../doing/run-line.ts';
import { regionsOf, type Known } from '../known.ts';
import { MODES_FILE } from '../paths.ts';
import { GAME_NAMESPACE } from '../settings/clusters-file.ts';
import { kubectl } from '../steps/cluster-steps.ts';
import { applyIdentityArgs, createTokenArgs, deleteIdentityArgs, smokeIdentity } from './smoke-pod.ts';
import { smokeSession, type SmokeSession } from './smoke-session.ts';

const MINUTE = 60_000;
/** Its protocol is known here; another game's is not. */
const SAMPLE_SERVER = /\/sample-server(?:[@:]|$)/;

const Fleets = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({
        template: z.object({
          metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }).default({ labels: {} }),
          spec: z.object({ template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }) }),
        }),
      }),
      status: z.object({ readyReplicas: z.number().default(0) }).optional(),
    }),
  ),
});

/** @throws with the reason. */
export async function runSmoke(known: Known, hands: Hands): Promise<void> {
  const { outputs, images } = known;
  const home = known.regions.find(({ services }) => services)?.name;
  if (outputs === undefined || home === undefined) throw new Error('no region with services is known');
  const run = (args: readonly string[], input?: string) => mustRunLine(kubectl(known, home, args, MINUTE), hands, input);
  const image = images?.images['allocator'];
  await run(applyIdentityArgs, smokeIdentity(image === undefined ? 'lifeverse.invalid/none' : `${outputs.registry}/allocator@${image}`));
  try {
    const token = (await mustRunLine({ ...kubectl(known, home, createTokenArgs, MINUTE), secretOutput: true }, hands)).trim();
    const client = createClient(allocatorApi, { baseUrl: `https://${outputs.api_hosts.allocator}`, send: hands.send, token: () => token });
    const { fleet, build, isSample } = await chooseFleet(known, hands);
    const map = await mapOf(fleet, hands.tree);
    const id = `smoke-${hands.randomBytes(6).toString('hex')}`;
    hands.shop.say(`  asks for a session on ${fleet} (build ${build}) as ${id}`);
    await smokeSession(
      { id, fleet, build, map, isSample },
      { allocator: client, knock: hands.knock, random: hands.randomBytes, now: hands.now, say: hands.shop.say, signal: hands.shop.signal },
    );
  } finally {
    // After a Ctrl-C as well the token ends by itself within minutes; the pod is applied again next time.
    if (!hands.shop.signal.aborted) await run(deleteIdentityArgs);
  }
}

const Modes = z.record(z.string(), z.object({ fleet: z.string(), map: z.string() }));

/** As the matchmaker asks for that fleet, so that a game of one's own is asked for a map that it has. */
async function mapOf(fleet: string, tree: string): Promise<string> {
  const text = await readFile(path.join(tree, MODES_FILE), 'utf8').catch(() => '{}');
  return Object.values(Modes.parse(JSON.parse(text))).find((mode) => mode.fleet === fleet)?.map ?? 'arena';
}

/** The first with a Ready game server, in the order of regions and names: what was waited for before. */
async function chooseFleet(known: Known, hands: Hands): Promise<Pick<SmokeSession, 'fleet' | 'build' | 'isSample'>> {
  for (const { name } of regionsOf(known)) {
    const line = kubectl(known, name, ['get', 'fleets.agones.dev', `--namespace=${GAME_NAMESPACE}`, '--output=json'], MINUTE);
    for (const { metadata, spec, status } of Fleets.parse(JSON.parse(await mustRunLine(line, hands))).items) {
      const build = spec.template.metadata.labels[GAME_SERVER_MARKS.build];
      // Several builds of a fleet may stand side by side: it is asked for by the name that they share.
      const fleet = metadata.labels[GAME_SERVER_MARKS.fleet] ?? metadata.name;
      const isSample = spec.template.spec.template.spec.containers.some(({ image }) => SAMPLE_SERVER.test(image));
      if (build !== undefined && (status?.readyReplicas ?? 0) > 0) return { fleet, build, isSample };
    }
  }
  throw new Error('no fleet has a Ready game server with a build');
}
