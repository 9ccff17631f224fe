import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { importsOf, loadedBy, ROOT, sources } from './import-graph.ts';

/** What one room may know of; `*` is everything. A room that is not named here holds no TypeScript that others meet. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  runtime: ['contracts'],
  allocator: ['contracts', 'runtime'],
  'sdk-bridge': ['contracts', 'runtime'],
  matchmaker: ['contracts', 'runtime'],
  accounts: ['contracts', 'runtime'],
  saves: ['contracts', 'runtime'],
  backups: ['contracts', 'runtime'],
  monitoring: ['contracts', 'runtime'],
  deploy: ['contracts', 'runtime'],
  unreal: [],
  local: ['*'],
  bench: ['*'],
  test: ['*'],
};

const ROOM_RULE = 'eslint(no-restricted-imports)';
const SERVICES = ['allocator', 'sdk-bridge', 'matchmaker', 'accounts', 'saves', 'backups'];

interface Plant {
  readonly file: string;
  readonly code: string;
  /** The rule that has to object; absent: none may. */
  readonly rule?: string;
}

const uses = (from: string) => `import { x } from '${from}';\nexport const y = x;\n`;

const OTHERS = ['accounts', 'bench', 'local', 'test'];
const ROOM_PLANTS: readonly Plant[] = [
  { file: 'contracts/a.ts', code: uses('zod') },
  { file: 'contracts/b.ts', code: uses('./a.ts') },
  { file: 'contracts/topic/c.ts', code: uses('../a.ts') },
  { file: 'contracts/topic/knows-runtime.ts', code: uses('../../runtime/log.ts'), rule: ROOM_RULE },
  { file: 'contracts/knows-runtime.ts', code: uses('../runtime/log.ts'), rule: ROOM_RULE },
  { file: 'contracts/knows-node.ts', code: uses('node:fs'), rule: ROOM_RULE },
  { file: 'runtime/a.ts', code: uses('../contracts/a.ts') },
  { file: 'runtime/jobs/a.ts', code: uses('../documents/collection.ts') },
  ...['allocator', ...OTHERS].map((room) => ({ file: `runtime/knows-${room}.ts`, code: uses(`../${room}/a.ts`), rule: ROOM_RULE })),
  ...SERVICES.flatMap((service): Plant[] => [
    { file: `${service}/api/a.ts`, code: uses('../../runtime/log.ts') },
    { file: `${service}/api/b.ts`, code: uses('../store/a.ts') },
    { file: `${service}/c.ts`, code: uses('../contracts/a.ts') },
    ...['matchmaker', ...OTHERS]
      .filter((room) => room !== service)
      .map((room) => ({ file: `${service}/api/knows-${room}.ts`, code: uses(`../../${room}/a.ts`), rule: ROOM_RULE })),
  ]),
  ...['mongodb', 'bullmq', 'ioredis', '@kubernetes/client-node', '../runtime/documents/mongo.ts', '../runtime/jobs/bullmq-jobs.ts'].map(
    (from, nth) => ({ file: `sdk-bridge/heavy-${nth}.ts`, code: uses(from), rule: ROOM_RULE }),
  ),
  { file: 'allocator/heavy.ts', code: uses('../runtime/documents/mongo.ts') },
  { file: 'local/knows-all.ts', code: uses('../allocator/api/a.ts') },
];

const STYLE_PLANTS: readonly Plant[] = [
  { file: 'runtime/ring-a.ts', code: uses('./ring-b.ts'), rule: 'import(no-cycle)' },
  { file: 'runtime/ring-b.ts', code: `import { y } from './ring-a.ts';\nexport const x = y;\n`, rule: 'import(no-cycle)' },
  {
    file: 'runtime/type-ring-a.ts',
    code: `import type { B } from './type-ring-b.ts';\nexport interface A { b: B }\n`,
    rule: 'import(no-cycle)',
  },
  {
    file: 'runtime/type-ring-b.ts',
    code: `import type { A } from './type-ring-a.ts';\nexport interface B { a: A }\n`,
    rule: 'import(no-cycle)',
  },
  { file: 'runtime/long.ts', code: 'export const x = 1;\n' + '// \n'.repeat(300), rule: 'eslint(max-lines)' },
  { file: 'runtime/default.ts', code: 'export default 1;\n', rule: 'import(no-default-export)' },
  { file: 'runtime/loose.ts', code: 'export const x: any = 1;\n', rule: 'typescript(no-explicit-any)' },
  { file: 'runtime/barrel.ts', code: `export * from './log.ts';\n`, rule: 'oxc(no-barrel-file)' },
  { file: 'runtime/CamelCase.ts', code: 'export const x = 1;\n', rule: 'unicorn(filename-case)' },
  { file: 'runtime/env.ts', code: 'export const x = process.env;\n', rule: 'node(no-process-env)' },
  { file: 'runtime/exit.ts', code: 'export const x = () => process.exit(1);\n', rule: 'unicorn(no-process-exit)' },
  { file: 'runtime/says.ts', code: `export const x = () => console.log('');\n`, rule: 'eslint(no-console)' },
  { file: 'runtime/ignores.ts', code: '// @ts-ignore\nexport const x = 1;\n', rule: 'typescript(ban-ts-comment)' },
  {
    file: 'runtime/floats.ts',
    code: 'export function x(): void {\n  Promise.resolve(1);\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  { file: 'allocator/main.ts', code: 'export const x = process.env;\n' },
];

describe('the linter', function () {
  this.timeout(300_000);
  let found: Map<string, Set<string>>;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-rooms-'));
    await cp(path.join(ROOT, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
    await cp(path.join(ROOT, 'tsconfig.json'), path.join(folder, 'tsconfig.json'));
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    for (const { file, code } of [...ROOM_PLANTS, ...STYLE_PLANTS]) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), code);
    }
    found = await lint(folder);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const { file, rule, code } of [...ROOM_PLANTS, ...STYLE_PLANTS]) {
    const said = code.split('\n')[0] ?? '';
    if (rule === undefined) it(`lets ${file} have «${said}»`, () => assert.deepEqual([...(found.get(file) ?? [])], []));
    else it(`refuses «${said}» in ${file} by ${rule}`, () => assert.ok(found.get(file)?.has(rule), [...(found.get(file) ?? [])].join()));
  }
});

describe('the rooms', () => {
  it('import one way only, as DESIGN says', () => {
    const trespasses = sources().flatMap((file) => {
      const room = roomOf(file);
      const allowed = MAY_KNOW[room] ?? [];
      return importsOf(file).flatMap(({ target }) => {
        if (!target.endsWith('.ts') || target.startsWith('.')) return [];
        const other = roomOf(target);
        return other === room || allowed.includes(other) || allowed.includes('*') ? [] : [`${file} → ${target}`];
      });
    });
    assert.deepEqual(trespasses, []);
  });

  it('have no import cycle between them', () => {
    const knows = new Map<string, Set<string>>();
    for (const file of sources()) {
      for (const { target } of importsOf(file)) {
        if (target.endsWith('.ts') && roomOf(target) !== roomOf(file)) mapOf(knows, roomOf(file)).add(roomOf(target));
      }
    }
    for (const room of knows.keys()) assert.ok(!roomsReached(knows, room).has(room), `${room} reaches itself`);
  });

  it('keep what is heavy out of the bridge, through every file that it loads', () => {
    const entry = sources().includes('sdk-bridge/main.ts')
      ? ['sdk-bridge/main.ts']
      : sources().filter((file) => roomOf(file) === 'sdk-bridge');
    for (const file of entry) {
      for (const [loaded, way] of loadedBy(file)) {
        assert.doesNotMatch(loaded, /^(mongodb|bullmq|ioredis|@kubernetes\/client-node)(\/|$)/, way.join(' → '));
      }
    }
  });

  it('keep contracts free of everything but packages', () => {
    for (const file of sources().filter((name) => roomOf(name) === 'contracts')) {
      for (const [loaded, way] of loadedBy(file)) assert.match(loaded, /^(contracts\/([\w-]+\/)?[\w-]+\.ts|zod)$/, way.join(' → '));
    }
  });

  it('have no drawer for what belongs nowhere', () => {
    const drawers = sources().filter((file) => /(^|[/-])(utils?|helpers?|common|misc|manager)([/.-]|$)/.test(file));
    assert.deepEqual(drawers, []);
  });
});

describe('the import graph', () => {
  it('sees every way to write an import', () => {
    const source = [
      `import { a } from './a.ts';`,
      `import type { B } from '../contracts/b.ts';`,
      `import c, { type D } from 'package';`,
      `import './side-effect.ts';`,
      `import {\n  e,\n  f,\n} from './e.ts';`,
      `import * as g from 'g';`,
      `export { h } from './h.ts';`,
      `export * from './i.ts';`,
      `const j = await import('./j.ts');`,
      `// import { no } from './comment.ts';`,
      `/* import { no } from './comment.ts'; */`,
    ].join('\n');
    assert.deepEqual(
      importsOf('runtime/x.ts', source).map(({ target, typeOnly }) => (typeOnly ? `type ${target}` : target)),
      [
        'runtime/a.ts',
        'type contracts/b.ts',
        'package',
        'runtime/side-effect.ts',
        'runtime/e.ts',
        'g',
        'runtime/h.ts',
        'runtime/i.ts',
        'runtime/j.ts',
      ],
    );
  });

  it('follows imports over several files', () => {
    const loaded = loadedBy('runtime/service.ts');
    assert.ok(loaded.has('undici'), 'through http-send.ts');
    assert.ok(loaded.has('zod'), 'through contracts');
  });
});

const LintReport = z.object({ diagnostics: z.array(z.object({ code: z.string().default(''), filename: z.string() })) });

/** File → the rules that object to it. */
async function lint(folder: string): Promise<Map<string, Set<string>>> {
  const output = await new Promise<string>((resolve, reject) => {
    const oxlint = path.join(ROOT, 'node_modules', 'oxlint', 'bin', 'oxlint');
    execFile(
      process.execPath,
      [oxlint, '-f', 'json', ...Object.keys(MAY_KNOW).filter((room) => existsSync(path.join(folder, room)))],
      { cwd: folder, maxBuffer: 2 ** 26 },
      (_failed, stdout, stderr) => {
        if (stdout.trimStart().startsWith('{')) resolve(stdout);
        else reject(new Error(`oxlint did not report: ${stdout}${stderr}`));
      },
    );
  });
  const found = new Map<string, Set<string>>();
  for (const { filename, code } of LintReport.parse(JSON.parse(output)).diagnostics) {
    const known = found.get(filename) ?? new Set();
    found.set(filename, known.add(code));
  }
  return found;
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '.';
}

function mapOf(knows: Map<string, Set<string>>, room: string): Set<string> {
  const known = knows.get(room) ?? new Set();
  knows.set(room, known);
  return known;
}

function roomsReached(knows: ReadonlyMap<string, ReadonlySet<string>>, from: string): Set<string> {
  const reached = new Set<string>(knows.get(from));
  for (const room of reached) for (const next of knows.get(room) ?? []) reached.add(next);
  return reached;
}
