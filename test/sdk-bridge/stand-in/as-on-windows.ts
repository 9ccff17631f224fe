/**
 * Loaded before a program (`--import`): what Windows does not have is not there, and what it refuses is refused and said on stderr as
 * `POSIX only: …`. Paths keep their slashes: those are the tests' own.
 */
import { promises, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

Object.defineProperty(process, 'platform', { value: 'win32' });
for (const name of ['getuid', 'geteuid', 'getgid', 'getegid', 'setuid', 'setgid', 'umask']) Reflect.deleteProperty(process, name);

const refuse = (what: string, code: string): never => {
  process.stderr.write(`POSIX only: ${what}\n`);
  throw Object.assign(new Error(`${code}: ${what}`), { code });
};
const isAbsent = (path: unknown) => typeof path === 'string' && /^\/(proc|sys|dev)\//.test(path);
const absent = (path: unknown) => Object.assign(new Error(`ENOENT: ${String(path)}`), { code: 'ENOENT' });
const isFolder = (path: unknown) => typeof path === 'string' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const { open, readFile } = promises;
Object.assign(promises, {
  open: async (...args: Parameters<typeof open>) => {
    if (isAbsent(args[0])) throw absent(args[0]);
    if (isFolder(args[0])) refuse(`a handle of the folder ${String(args[0])}`, 'EISDIR');
    return open(...args);
  },
  readFile: async (...args: Parameters<typeof readFile>) => {
    if (isAbsent(args[0])) throw absent(args[0]);
    return readFile(...args);
  },
});
const kill = process.kill.bind(process);
process.kill = (pid, signal) => (signal === 0 ? kill(pid, 0) : refuse(`the signal ${signal ?? 'SIGTERM'}`, 'ENOSYS'));
syncBuiltinESMExports();
