import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outcomeOf } from './sample-server-process.ts';
import { checkShell } from './test-binaries.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULE = `${ROOT}unreal/LifeVerse/Source/LifeVerse`;

const text = (path: string) => readFileSync(path, 'utf8');
const headers = readdirSync(`${MODULE}/Public`).map((name) => join(MODULE, 'Public', name));

describe('the Unreal plugin', () => {
  it('type-checks against stand-ins of the engine', async function () {
    this.timeout(300_000);
    await checkShell();
  });

  it('includes every file of the core, each as a unit of its own', () => {
    const core = readdirSync(`${ROOT}unreal/core`).filter((name) => name.endsWith('.cpp'));
    const included = readdirSync(`${MODULE}/Private/Core`).map(
      (name) => /"core\/(.*)"/.exec(text(join(MODULE, 'Private/Core', name)))?.[1],
    );
    assert.deepEqual(new Set(included), new Set(core));
    assert.match(text(`${MODULE}/LifeVerse.Build.cs`), /bUseUnity = false/);
  });

  it('keeps what UnrealHeaderTool asks of a header: its generated one included last, a body in every type', () => {
    for (const path of headers) {
      const source = text(path);
      const includes = [...source.matchAll(/#include "(.*)"/g)].map((match) => match[1]);
      assert.equal(includes.at(-1), `${basename(path, '.h')}.generated.h`, path);
      const types = source.match(/^(UCLASS|USTRUCT)\(/gm)?.length ?? 0;
      assert.equal(source.match(/^\tGENERATED_BODY\(\)$/gm)?.length ?? 0, types, path);
      // The core's types stay behind the plugin's own: a game's code needs no header of the core.
      assert.ok(!includes.some((include) => include?.startsWith('core/')) && !source.includes('lifeverse::'), path);
    }
  });

  it('decides nothing by itself: what it passes on, it passes to the core', () => {
    const sources = readdirSync(`${MODULE}/Private`).filter((name) => name.endsWith('.cpp'));
    for (const name of sources)
      assert.doesNotMatch(text(join(MODULE, 'Private', name)), /lifeverse\/v1|LifeVerseTicket|EncryptionToken=/, name);
  });

  it('is staged with its core, and given to the BuildPlugin of an engine that is new enough', async () => {
    const engine = await mkdtemp(join(tmpdir(), 'engine-'));
    try {
      await mkdir(`${engine}/Engine/Build/BatchFiles`, { recursive: true });
      // It tells what it was asked, and looks for what UnrealBuildTool will look for.
      const uat = '#!/bin/sh\necho "$@"\nls "${2#-Plugin=}" "$(dirname "${2#-Plugin=}")/Source/ThirdParty/lifeverse/core/session.h"\n';
      for (const name of ['RunUAT.sh', 'RunUAT.command'])
        await writeFile(`${engine}/Engine/Build/BatchFiles/${name}`, uat, { mode: 0o755 });
      const build = async (minor: number) => {
        await writeFile(`${engine}/Engine/Build/Build.version`, JSON.stringify({ MajorVersion: 5, MinorVersion: minor }, null, 1));
        return outcomeOf(
          spawn(`${ROOT}unreal/build-plugin.sh`, { env: { ...process.env, UE_ROOT: engine }, stdio: ['ignore', 'pipe', 'pipe'] }),
        );
      };
      const { code, output } = await build(4);
      assert.equal(code, 0, output);
      assert.match(output, /^BuildPlugin -Plugin=.*LifeVerse\.uplugin -Package=/m);
      assert.match(output, /^\/.*core\/session\.h$/m);
      const old = await build(3);
      assert.equal(old.code, 1);
      assert.match(old.output, /5\.3 .* is too old/);
    } finally {
      await rm(engine, { recursive: true });
    }
  });

  it('names its module and its settings as its descriptor does', () => {
    const descriptor = JSON.parse(text(`${ROOT}unreal/LifeVerse/LifeVerse.uplugin`)) as {
      Modules: { Name: string }[];
      VersionName: string;
    };
    assert.deepEqual(
      descriptor.Modules.map((module) => module.Name),
      ['LifeVerse'],
    );
    assert.ok(text(`${MODULE}/Private/LifeVerseServerSubsystem.cpp`).includes(`"LifeVerse/${descriptor.VersionName}"`));
  });
});
