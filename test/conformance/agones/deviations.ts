/**
 * Where the stand-in does not answer as the recorded Agones did, each with its reason. A case that is listed here and
 * agrees after all fails the suite: the list stays true.
 */

export interface Deviation {
  readonly file: string;
  /** The case's name, or its beginning when it ends in `*`. */
  readonly name: string;
  readonly reason: string;
}

const GO_DECODER = 'the words of the Go decoder, with its type names, are not imitated; the status is the same';

export const DEVIATIONS: readonly Deviation[] = [
  {
    file: 'objects.json',
    name: 'GameServer list as Table (kubectl get gs)',
    reason: 'the rows are what stood in the recorder’s own test bed at that moment',
  },
  { file: 'allocation.json', name: 'accept yaml', reason: 'the same document with its fields in another order' },
  {
    file: 'allocation.json',
    name: 'accept protobuf',
    reason: 'answered with JSON, where Agones answers with an encoding error in the body',
  },
  { file: 'allocation.json', name: 'invalid: selectors not a list', reason: GO_DECODER },
  { file: 'allocation.json', name: 'invalid: matchLabels number', reason: GO_DECODER },
];

/** What is recorded and not replayed case by case. A name of `*` is the whole file. */
export const NOT_REPLAYED: readonly Deviation[] = [
  { file: 'allocation.json', name: 'agones-allocator*', reason: 'the separate allocator service is not part of the stand-in' },
  { file: 'allocation.json', name: '(second run*', reason: 'the same cases with a short batch wait, and races: see races.test.ts' },
  {
    file: 'sdk-rest.json',
    name: 'gameserver after: only invalid lifecycle calls*',
    reason: 'from here on whole seconds pass: see lifecycle.test.ts',
  },
  { file: 'sdk-rest-local.json', name: '*', reason: 'the sidecar has no --local mode; the bridge has --solo' },
  { file: 'sdk-grpc.json', name: 'unary call after*', reason: 'streams and restarts of the sidecar process are not replayed' },
  {
    file: 'sdk-watch.json',
    name: '*',
    reason: 'timelines: their rules are held one by one by sdk-watch.test.ts; restarts are not replayed',
  },
  {
    file: 'autoscaler.json',
    name: '*',
    reason: 'replayed by autoscaler.test.ts, but for webhooks, which races.test.ts holds, and the panic of an empty chain',
  },
  {
    file: 'lifecycle.json',
    name: 'events',
    reason: 'states are compared by lifecycle.test.ts; the events beside them are written but not compared',
  },
];

const isNamed = (deviation: Deviation, file: string, name: string): boolean =>
  deviation.file === file && (deviation.name.endsWith('*') ? name.startsWith(deviation.name.slice(0, -1)) : name === deviation.name);

export const isReplayed = (file: string, name: string): boolean => !NOT_REPLAYED.some((one) => isNamed(one, file, name));

export const deviationOf = (file: string, name: string): Deviation | undefined =>
  DEVIATIONS.find((deviation) => isNamed(deviation, file, name));
