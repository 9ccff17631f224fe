/** Runs a command line that has to succeed. */
import { CommandFailure, runCommand, succeeded, type CommandEnd } from '../../tools/command.ts';
import { showCommand, type CommandLine } from '../command-line.ts';
import type { Hands } from './hands.ts';

/** @returns its standard output. @throws CommandFailure */
export async function mustRunLine(line: CommandLine, hands: Hands, input?: string): Promise<string> {
  const end = await runLine(line, hands, input);
  if (succeeded(end)) return end.stdout;
  throw new CommandFailure(showCommand(line).replaceAll(hands.tree, '$PWD'), line.secretOutput === true ? { ...end, stdout: '' } : end);
}

/** At the root of the tree, however it ends. */
export async function runLine(
  { command, args, env, timeoutMs, shown, orderlyMs }: CommandLine,
  hands: Hands,
  input?: string,
): Promise<CommandEnd> {
  return runCommand(hands.shop, command, args, {
    cwd: hands.tree,
    timeoutMs,
    ...(env === undefined ? {} : { env }),
    ...(shown === undefined ? {} : { shown }),
    ...(orderlyMs === undefined ? {} : { orderlyMs }),
    ...(input === undefined ? {} : { input }),
  });
}
