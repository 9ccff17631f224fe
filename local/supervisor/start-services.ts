/** Starts the services side by side, and waits until each says that it is ready. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Agent, request } from 'undici';
import type { KeptProcess, ProcessKeeper } from '../processes/process-keeper.ts';
import { waitUntil } from '../processes/wait-until.ts';
import { commonEnv } from '../services.ts';
import type { LocalService, ServiceSurroundings } from '../services.ts';
import type { LocalAuthority } from '../tls/local-authority.ts';

/** One process of a service: its only one, or a further one over the same data. */
export interface ServicePlace {
  readonly service: LocalService;
  /** The service's own, or with a number behind it. */
  readonly name: string;
  readonly port: number;
  readonly opsPort: number;
}

export interface ServicesParts {
  readonly tree: string;
  readonly places: readonly ServicePlace[];
  readonly around: ServiceSurroundings;
  readonly keeper: ProcessKeeper;
  readonly authority: LocalAuthority;
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const READY_MS = 60_000;
/** A service drains for up to 5 s, and then closes what it holds. */
const GRACE_MS = 20_000;

export async function startServices(parts: ServicesParts, started: (service: KeptProcess) => void): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: await readFile(parts.authority.caFile, 'utf8') } });
  try {
    await Promise.all(
      parts.places.map(async (place) => {
        const kept = await start(place, parts);
        started(kept);
        await untilReady(kept, place.opsPort, dispatcher, parts.signal);
      }),
    );
  } finally {
    await dispatcher.close();
  }
}

async function start({ service, name, port, opsPort }: ServicePlace, parts: ServicesParts): Promise<KeptProcess> {
  const certificate = await parts.authority.issue({ name, commonName: name, use: 'server' });
  return parts.keeper.start({
    name,
    command: process.execPath,
    args: [path.join(parts.tree, service.main)],
    env: { ...parts.baseEnv, ...commonEnv(parts.around, { port, opsPort, ...certificate }), ...service.env(parts.around) },
    cwd: parts.tree,
    graceMs: GRACE_MS,
  });
}

async function untilReady(kept: KeptProcess, opsPort: number, dispatcher: Agent, signal: AbortSignal): Promise<void> {
  let said = '';
  const ask = async (): Promise<boolean> => {
    if (kept.end !== undefined)
      throw new Error(`${kept.name} has ended while starting, see ${kept.logFile}\n${await lastLines(kept.logFile)}`);
    const answer = await readiness(opsPort, dispatcher);
    said = answer.body;
    return answer.ready;
  };
  await waitUntil(ask, { what: `${kept.name} is ready`, deadlineMs: READY_MS, signal, everyMs: 100 }).catch((cause: unknown) => {
    throw new Error(`${kept.name} did not become ready: ${said === '' ? `see ${kept.logFile}` : said}`, { cause });
  });
}

/** What the service says of itself at `/readyz`. */
export async function readiness(opsPort: number, dispatcher: Agent): Promise<{ readonly ready: boolean; readonly body: string }> {
  try {
    const answer = await request(`https://127.0.0.1:${opsPort}/readyz`, { dispatcher, signal: AbortSignal.timeout(3_000) });
    return { ready: answer.statusCode === 200, body: (await answer.body.text()).slice(0, 500) };
  } catch {
    return { ready: false, body: '' };
  }
}

async function lastLines(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-10).join('\n');
}
