/** What a tool has to read in the tree: the grammar of the engineer's values, and whether all of it is committed. */
import { succeeded, type CommandEnd } from '../../tools/command.ts';
import { tagOf, type Known } from '../known.ts';
import { settingsFile } from '../paths.ts';
import { fine, firstWords, missing, type Check, type Verdict } from './check.ts';
import type { TreeFindings } from './tree-checks.ts';

const TIMEOUT_MS = 60_000;

/** @param root of the tree, as an absolute path. */
export function fileChecks(known: Known, { set }: TreeFindings, root: string): Check[] {
  const file = settingsFile(known.request.environment);
  const grammar: Check = {
    about: 'grammar of the values',
    needs: ['terraform'],
    look: {
      command: {
        command: 'terraform',
        args: ['fmt', '-no-color', '-write=false', '-list=false', `${root}/${file}`],
        timeoutMs: TIMEOUT_MS,
      },
      judge: (end) => judgeGrammar(end, file),
    },
  };
  const commit: Check = {
    about: 'commit',
    needs: [],
    look: {
      command: { command: 'git', args: ['-C', root, 'status', '--porcelain'], timeoutMs: TIMEOUT_MS },
      judge: (end) => judgeCommit(end, known),
    },
  };
  return set === undefined ? [commit] : [grammar, commit];
}

/** Terraform tells each fault with the line that it is on. */
function judgeGrammar(end: CommandEnd, file: string): Verdict {
  if (succeeded(end)) return fine(file);
  const faults = [...end.stderr.replaceAll(/^[│╷╵] ?/gm, '').matchAll(/Error: (.+)\n\s+on \S+ line (\d+)/g)];
  const told = faults.map(([, what = '', line = '']) => `line ${line}: ${what}`);
  return missing(`${file}: ${told.length === 0 ? firstWords(end) : told.join('; ')}`, `edit ${file}`);
}

/** Images go by the commit that they were built from, and a tag never moves in the registry. */
function judgeCommit(end: CommandEnd, known: Known): Verdict {
  const tag = tagOf(known);
  if (!succeeded(end)) return missing(`git does not tell: ${firstWords(end)}`, 'take a checkout with git: images are named by its commit');
  if (end.stdout.trim() === '') return fine(`images are ${tag}`);
  if (known.request.tag !== undefined)
    return fine(`images are ${tag}, of a changed tree; those that the registry has by that name are not built again`);
  const changed = end.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(3));
  const some = changed.slice(0, 3).join(', ');
  return missing(
    `the tree has changes that ${tag} has not: ${changed.length > 3 ? `${some} and ${changed.length - 3} more` : some}`,
    'commit them, or name the images otherwise: TAG=…',
  );
}
