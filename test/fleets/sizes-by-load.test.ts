import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Level } from '../../allocator/scaling/resize/level.ts';
import { planResize } from '../../allocator/scaling/resize/plan-resize.ts';
import { podOf } from '../../allocator/scaling/resize/pod-view.ts';
import { RESIZE_ANNOTATION } from '../../allocator/clusters/fleet-book.ts';
import { parseProfile, type Profile } from '../../allocator/scaling/resize/profile.ts';
import { amountOf } from '../../allocator/scaling/resize/quantity.ts';
import type { Size } from '../../allocator/scaling/resize/size.ts';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { podsOf } from './pods-of.ts';
import { FLEETS, places, render, RENDER_MS } from './rendered.ts';

const Annotated = z.looseObject({ metadata: z.looseObject({ annotations: z.record(z.string(), z.string()) }) });
const LEVELS: readonly Level[] = ['idle', 'allocated', 'full'];
const RULES = { memoryLimitsShrink: true };

describe('the game servers of a world', function () {
  this.timeout(RENDER_MS);

  for (const { env, region } of places()) {
    describe(`in ${env}, ${region}`, () => {
      let profile: Profile;
      let pod: ReturnType<typeof podOf>;

      before(async () => {
        const fleet = (await render(`overlays/${env}/regions/${region}/fleets`)).find(isWorld);
        const parsed = parseProfile(Annotated.parse(fleet).metadata.annotations[RESIZE_ANNOTATION] ?? '');
        assert.ok('profile' in parsed, 'faults' in parsed ? parsed.faults.join('\n') : '');
        ({ profile } = parsed);
        const [made] = podsOf(fleet === undefined ? [] : [fleet], false);
        pod = podOf({
          ...made,
          metadata: { ...made?.metadata, uid: 'u', resourceVersion: '1', annotations: { 'agones.dev/container': 'game-server' } },
        });
      });

      it('are sized by their load: larger in a session, largest in a full one', () => {
        const sizes = LEVELS.map((level) => profile[level] ?? assert.fail(`there is no level ${level}`));
        for (const [nth, size] of sizes.entries()) {
          const before = sizes[nth - 1];
          if (before === undefined) continue;
          assert.notDeepEqual(size, before);
          for (const { of, larger } of comparisons(before, size)) assert.ok(larger, of);
        }
      });

      it('are at rest as their template has them, so that nothing is resized before somebody plays', () => {
        assert.equal(planResize(pod, profile, 'idle', RULES).kind, 'same');
      });

      it('are restarted by no resize, and of the same QoS class at every level', () => {
        for (const level of LEVELS.slice(1)) assert.equal(planResize(pod, profile, level, RULES).kind, 'resize', level);
        for (const level of LEVELS) {
          const { requests, limits } = profile[level] ?? { requests: {}, limits: {} };
          assert.ok(amountOf(requests.memory) < amountOf(limits.memory), 'whoever asks for all that it may use is Guaranteed');
        }
      });

      it('fit their node: two full ones at least, and none may use more than there is', () => {
        const { cpus, gib } = nodeOf(env);
        const { requests, limits } = profile.full ?? assert.fail('there is no level full');
        assert.ok(amountOf(requests.cpu) * 2 <= cpus * 1_000 && amountOf(limits.cpu) <= cpus * 1_000, `${String(limits.cpu)} of ${cpus}`);
        assert.ok(amountOf(requests.memory) * 2 <= gib * 2 ** 30 * 1_000 && amountOf(limits.memory) <= gib * 2 ** 30 * 1_000);
      });

      if (env === 'dev') return;
      it('ask for no more when a session begins, which no packed node can put off, and have its memory limit from then on', () => {
        assert.deepEqual(profile.allocated.requests, profile.idle.requests);
        assert.equal(profile.full?.limits.memory, profile.allocated.limits.memory);
      });
    });
  }
});

function isWorld({ kind, metadata }: Manifest): boolean {
  return kind === 'Fleet' && metadata.name === 'sample-world';
}

function comparisons(before: Size, after: Size) {
  return (['requests', 'limits'] as const).flatMap((kind) =>
    (['cpu', 'memory'] as const).map((resource) => ({
      of: `${kind}.${resource}`,
      larger: amountOf(after[kind][resource]) >= amountOf(before[kind][resource]),
    })),
  );
}

/** By the machine type that Terraform gives the pool: `-standard-8` has 8 processors with 4 GiB each. */
function nodeOf(env: string): { cpus: number; gib: number } {
  const text = readFileSync(path.join(FLEETS, '..', 'terraform/environments', env, 'variables.tf'), 'utf8');
  const [, cpus] = /"game_server_pools"[^]*?default = [^]*?machine_type = "[a-z0-9]+-standard-(\d+)"/.exec(text) ?? [];
  assert.ok(cpus !== undefined, `the game servers of ${env} are on machines that nobody here knows`);
  return { cpus: Number(cpus), gib: Number(cpus) * 4 };
}
