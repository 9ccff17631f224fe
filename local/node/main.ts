/** The nodes of one cluster, as a process of their own. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { createLifecycle, untilSignal } from '../../runtime/lifecycle.ts';
import { createLog } from '../../runtime/log.ts';
import { logEnv, readConfig } from '../../runtime/config.ts';
import { localImages } from './images.ts';
import { startNode } from './start-node.ts';

const Env = z.object({
  ...logEnv,
  KUBECONFIG: z.string().describe('the cluster'),
  NODES: z
    .string()
    .transform((names) => names.split(','))
    .describe('names of the nodes, separated by commas'),
  NODE_LABELS: z.string().default('').describe('labels of every node, as name=value separated by commas'),
  MAX_PODS_PER_NODE: z.coerce.number().int().positive().default(32),
  PODS_FOLDER: z.string().describe('folder for the pods’ volumes; emptied at the start'),
  LOG_FOLDER: z.string().describe('folder for the containers’ output'),
  RUN_FOLDER: z.string().describe('folder for the records of running containers'),
  SAMPLE_SERVER: z.string().describe('the built sample server'),
  AGONES_SDK_SERVER: z
    .string()
    .refine((file) => existsSync(file), 'there is no such file')
    .optional()
    .describe('Agones’ own sidecar, to run in place of the stand-in’s'),
  CONTAINER_ENV: z.string().default('').describe('names of variables that every container inherits, separated by commas'),
});

const config = readConfig(Env, process.env);
const log = createLog('node', config.LOG_LEVEL);
const lifecycle = createLifecycle(log);
const inherited = ['PATH', 'HOME', 'LANG', ...config.CONTAINER_ENV.split(',')];
const node = await startNode({
  kubeconfig: config.KUBECONFIG,
  nodes: config.NODES,
  labels: Object.fromEntries(
    config.NODE_LABELS.split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  ),
  maxPodsPerNode: config.MAX_PODS_PER_NODE,
  folder: config.PODS_FOLDER,
  logs: config.LOG_FOLDER,
  run: config.RUN_FOLDER,
  startsAtOnce: Math.max(2, availableParallelism()),
  images: localImages({
    root: path.join(import.meta.dirname, '..', '..'),
    node: process.execPath,
    sampleServer: config.SAMPLE_SERVER,
    agonesSdkServer: config.AGONES_SDK_SERVER,
  }),
  baseEnv: Object.fromEntries(inherited.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
  log,
  now: () => new Date(),
});
lifecycle.onClose('containers', () => node.stop());
process.exitCode = await untilSignal(lifecycle, process);
