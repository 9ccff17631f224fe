/** gcloud, terraform and the like as scripts in a folder of their own, which note every call and answer as a test says. */
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findOnPath } from '../../../runtime/find-on-path.ts';

/** The first rule whose pattern fits a call answers it. */
export interface Rule {
  /** A shell pattern over the whole call: `gcloud storage buckets describe *`. */
  readonly on: string;
  readonly says?: string;
  readonly complains?: string;
  readonly exits?: number;
  /** It applies only once this was made, or only as long as it was not (`!NAME`). */
  readonly when?: string;
  readonly makes?: string;
  /** Standard input is kept under this name. */
  readonly keeps?: string;
  /** More of a shell script, run before it answers; `$MADE` is the folder of what is made. */
  readonly does?: string;
}

const OF_THE_SHELL = ['sh', 'cat', 'mkdir', 'sleep'];
const COMMANDS = ['gcloud', 'gke-gcloud-auth-plugin', 'terraform', 'kubectl', 'helm', 'buildah', 'docker', 'node', 'git'];

export class FakeCloud {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<FakeCloud> {
    const cloud = new FakeCloud(await mkdtemp(path.join(tmpdir(), 'lifeverse-cloud-')));
    await mkdir(path.join(cloud.folder, 'bin'));
    await mkdir(path.join(cloud.folder, 'made'));
    return cloud;
  }

  /** Nothing of the machine's own is on the PATH but what a script is made of. */
  get env(): Record<string, string> {
    return { PATH: path.join(this.folder, 'bin'), HOME: this.folder };
  }

  async answer(rules: readonly Rule[], commands: readonly string[] = COMMANDS): Promise<void> {
    await rm(path.join(this.folder, 'bin'), { recursive: true });
    await mkdir(path.join(this.folder, 'bin'));
    for (const command of OF_THE_SHELL)
      await symlink(findOnPath(command, process.env) ?? `/bin/${command}`, path.join(this.folder, 'bin', command));
    const script = this.#script(rules);
    for (const command of commands) {
      const file = path.join(this.folder, 'bin', command);
      await writeFile(file, `#!/bin/sh\nNAME=${command}\n${script}`);
      await chmod(file, 0o755);
    }
  }

  async calls(): Promise<string[]> {
    const text = await readFile(path.join(this.folder, 'calls'), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  async forgetCalls(): Promise<void> {
    await rm(path.join(this.folder, 'calls'), { force: true });
  }

  has(made: string): boolean {
    return existsSync(path.join(this.folder, 'made', made));
  }

  /** As if it had been made. */
  async make(name: string): Promise<void> {
    await writeFile(path.join(this.folder, 'made', name), '');
  }

  async unmake(name: string): Promise<void> {
    await rm(path.join(this.folder, 'made', name), { force: true });
  }

  async kept(name: string): Promise<string> {
    return readFile(path.join(this.folder, 'made', name), 'utf8');
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #script(rules: readonly Rule[]): string {
    const made = (name: string): string => `'${path.join(this.folder, 'made', name)}'`;
    const blocks = rules.map(({ on, says, complains, exits = 0, when, makes, keeps, does }) => {
      const condition = when === undefined ? 'true' : when.startsWith('!') ? `[ ! -e ${made(when.slice(1))} ]` : `[ -e ${made(when)} ]`;
      const lines = [
        ...(keeps === undefined ? [] : [`cat > ${made(keeps)}`]),
        ...(makes === undefined ? [] : [`: > ${made(makes)}`]),
        ...(does === undefined ? [] : [does]),
        ...(says === undefined ? [] : [`printf '%s\\n' ${quoted(says)}`]),
        ...(complains === undefined ? [] : [`printf '%s\\n' ${quoted(complains)} >&2`]),
        `exit ${exits}`,
      ];
      return `case "$CALL" in ${on.replaceAll(/[^\w*]/g, '\\$&')}) if ${condition}; then\n${lines.join('\n')}\nfi;; esac`;
    });
    return [
      `MADE='${path.join(this.folder, 'made')}'`,
      `CALL="$NAME $*"`,
      `printf '%s\\n' "$CALL" >> '${path.join(this.folder, 'calls')}'`,
      ...blocks,
      'echo "no rule for: $CALL" >&2; exit 97',
      '',
    ].join('\n');
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
