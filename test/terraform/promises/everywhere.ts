import { CLUSTERS } from './cluster-promises.ts';
import { DATA } from './data-promises.ts';
import { DEPLOYMENT } from './deployment-promises.ts';
import { EDGE } from './edge-promises.ts';
import { NETWORK } from './network-promises.ts';
import type { Promises } from './promise.ts';
import { SECRETS } from './secret-promises.ts';

/** Kept by every environment. */
export const EVERYWHERE: Promises = { ...NETWORK, ...CLUSTERS, ...DATA, ...EDGE, ...SECRETS, ...DEPLOYMENT };
