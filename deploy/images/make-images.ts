/** Says what it is about to do, builds, pushes when asked, and writes down what it has built. */
import { planImages, type Surroundings } from './plan.ts';
import { writeImageRecord } from './image-record.ts';
import type { Wish } from './wish.ts';

/** Something is missing; the message names all of it. */
export class MissingForImages extends Error {
  constructor(missing: readonly string[]) {
    super(`To build the images there is missing:\n${missing.map((line) => `  - ${line}`).join('\n')}`);
    this.name = 'MissingForImages';
  }
}

/** @throws MissingForImages before anything is built; CommandFailure when a build or a push fails. */
export async function makeImages(wish: Wish, around: Surroundings & { readonly recordFile: string }): Promise<void> {
  const { say } = around.shop;
  const plan = await planImages(wish, around);
  if ('missing' in plan) throw new MissingForImages(plan.missing);
  const { builder, orders, tag } = plan;
  say(`Builds with ${builder.name} for ${wish.platform}${wish.push ? `, and pushes to ${wish.registry}` : ''}:`);
  for (const { image } of orders) say(`  ${image}`);
  say(`To take back what is kept here: ${builder.undo(orders.map(({ image }) => image))}`);
  if (wish.push) say('What is pushed stays in the registry until it is deleted there.');
  for (const [nth, order] of orders.entries()) {
    const since = performance.now();
    say(`${nth + 1} of ${orders.length}: ${order.name}`);
    const digest = await builder.build(around.shop, order);
    // After each: a push that fails later does not make those before unknown.
    await writeImageRecord(around.recordFile, { registry: wish.registry, tag, pushed: wish.push, images: { [order.name]: digest } });
    say(`${order.image} is ${digest}, after ${((performance.now() - since) / 1_000).toFixed(0)} s`);
  }
  say(`Written to ${around.recordFile}.`);
}
