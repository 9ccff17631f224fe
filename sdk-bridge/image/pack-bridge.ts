/** The bridge as its image has it: plain JavaScript, since the compiler that Node strips types with takes 30 MB beside every game server. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

const ROOMS = ['contracts', 'runtime', 'sdk-bridge'] as const;

/** @param into is emptied first; it finds its packages in a `node_modules` above. @returns what to start. */
export function packBridge(root: string, into: string): string {
  rmSync(into, { recursive: true, force: true });
  for (const room of ROOMS) {
    for (const name of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const target = join(into, room, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, scriptOf(readFileSync(join(root, room, name), 'utf8')));
    }
  }
  writeFileSync(join(into, 'package.json'), '{ "type": "module" }\n');
  return join(into, 'sdk-bridge', 'main.js');
}

/** Pure. Types become blanks, so that lines stay where they are; our own modules are named as they are called now. */
export function scriptOf(source: string): string {
  const blank = stripTypeScriptTypes(source).replaceAll(/[ \t]+$/gm, '');
  return blank.replaceAll(/((?:\bfrom|\bimport)\s*\(?\s*['"]\.[^'"\n]+)\.ts(?=['"])/g, '$1.js');
}
