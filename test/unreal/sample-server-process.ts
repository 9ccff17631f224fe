/** The sample server as it is in the cache, and as a process that the test ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { sampleServerPart } from '../../local/parts/sample-server-part.ts';
import { testStack } from '../../local/testing.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let obtained: Promise<string> | undefined;

/** The binary's path; made where no clone with the same sources has made it. */
export function buildSampleServer(): Promise<string> {
  obtained ??= testStack().then(async ({ around }) => {
    const [file] = await obtainParts([sampleServerPart(ROOT)], around);
    if (file === undefined) throw new Error('the sample server was not obtained');
    return file;
  });
  return obtained;
}

/** @throws what the compiler said. */
export async function make(folder: string, out: string, targets: readonly string[] = []): Promise<void> {
  const child = spawn('make', ['-s', '-j2', '-C', `${ROOT}${folder}`, `OUT=${out}`, ...targets], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { code, output } = await outcomeOf(child);
  if (code !== 0) throw new Error(`make in ${folder} failed:\n${output}`);
}

export async function outcomeOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null; output: string }> {
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, output };
}

export class SampleServerProcess {
  readonly child: ChildProcess;
  readonly outcome: ReturnType<typeof outcomeOf>;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.outcome = outcomeOf(child);
  }

  static async start(bridgePort: number, args: readonly string[] = []): Promise<SampleServerProcess> {
    const binary = await buildSampleServer();
    const child = spawn(binary, ['--bind=127.0.0.1', '--build=test', `--bridge-port=${bridgePort}`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new SampleServerProcess(child);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.outcome;
  }
}
