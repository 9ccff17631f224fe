/** Sees to it that the registry has every image under the tag: builds those that it lacks, however far an earlier run came. */
import { imagesUnder } from '../built-images.ts';
import type { BuiltImages } from '../known.ts';
import type { Action } from '../steps/step.ts';
import type { Hands } from './hands.ts';
import { mustRunLine } from './run-line.ts';

/** @throws CommandFailure, or where the registry lacks one after it was pushed. */
export async function makeImages(
  { registry, tag, names, commands: [list, build] }: Action & { kind: 'images' },
  hands: Hands,
): Promise<BuiltImages> {
  const look = async () => imagesUnder(tag, registry, names, await mustRunLine(list, hands));
  let images = await look();
  const absent = names.filter((name) => images[name] === undefined);
  if (absent.length === 0) hands.shop.say(`  ${tag} of each is in the registry already`);
  else {
    if (absent.length < names.length) hands.shop.say(`  in the registry already: ${Object.keys(images).join(', ')}`);
    await mustRunLine({ ...build, env: { ...build.env, ONLY: absent.join(',') } }, hands);
    images = await look();
    const still = names.filter((name) => images[name] === undefined);
    if (still.length > 0) throw new Error(`${registry} has no ${tag} of ${still.join(', ')} after they were pushed`);
  }
  return { registry, tag, images };
}
