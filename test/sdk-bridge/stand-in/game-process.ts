/** `plain-game.ts` as a process, started as a game server's image starts it; what a test says through `api`, the process says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { AppError } from '../../../contracts/app-error.ts';
import { bridgeApi } from '../../../contracts/bridge.ts';
import { createClient, type Client, type IncomingAnswer, type Send } from '../../../contracts/client.ts';
import { ROOT } from '../../tooling/import-graph.ts';

export interface GameProcess {
  /** Of the game server itself, not of who started it. */
  readonly pid: number;
  /** The port that it has really bound. */
  readonly port: number;
  readonly api: Client<(typeof bridgeApi)['endpoints']>;
  /** kill -9; resolves when it is gone, and who started it has written down how. */
  kill(): Promise<void>;
}

export async function startGameProcess(bridgeUrl: string, crashFolder: string): Promise<GameProcess> {
  const script = join(import.meta.dirname, 'plain-game.ts');
  const args = [join(ROOT, 'unreal/run-server.sh'), process.execPath, script, bridgeUrl, `--crash-dir=${crashFolder}`];
  const starter = spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const gone = once(starter, 'exit');
  const [said] = (await Promise.race([once(starter.stdout, 'data'), gone])) as [unknown];
  if (!Buffer.isBuffer(said)) throw new Error(`the game server has ended while starting: ${String(said)}`);
  const [pid = 0, port = 0] = said.toString().split(' ').map(Number);
  const send: Send = async ({ method, url, body, timeoutMs }) => {
    try {
      const told = { method: 'POST', body: JSON.stringify({ method, path: url, body }), signal: AbortSignal.timeout(timeoutMs) };
      const answer = await fetch(`http://127.0.0.1:${port}`, told);
      if (answer.ok) return (await answer.json()) as IncomingAnswer;
    } catch (cause) {
      throw new AppError('unavailable', 'no_connection', 'the game server does not answer', { cause });
    }
    throw new AppError('unavailable', 'no_connection', 'the bridge does not answer');
  };
  return {
    pid,
    port,
    api: createClient(bridgeApi, { baseUrl: '', send }),
    kill: async () => {
      if (starter.exitCode === null) process.kill(pid, 'SIGKILL');
      await gone;
    },
  };
}
