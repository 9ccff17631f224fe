import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portFault } from '../../sdk-bridge/surface/open-port.ts';

describe('a port that cannot be had', function () {
  this.timeout(300_000);
  const taken: Server[] = [];
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'taken-'));
    for (const host of ['127.0.0.1', '127.0.0.1', '127.0.0.1']) {
      const server = createServer().listen(0, host);
      taken.push(server);
      await once(server, 'listening');
    }
  });
  after(async () => {
    for (const server of taken) server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ports = () => taken.map((server) => (server.address() as AddressInfo).port);
  const run = async (args: readonly string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'sdk-bridge/main.ts', ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  };

  it('is told with all others, with who has it and how to choose another, and ends the bridge as any fault of its configuration', async () => {
    const [http, grpc, ops] = ports().map(String);
    const { code, said } = await run([], {
      ALLOCATOR_URL: 'http://127.0.0.1:1',
      SAVES_URL: 'http://127.0.0.1:1',
      TOKEN_FILE: join(folder, 'token'),
      POD_NAME: 'g1',
      POD_NAMESPACE: 'default',
      AGONES_SDK_GRPC_PORT: '1',
      AGONES_SDK_HTTP_PORT: '1',
      SPOOL_DIR: join(folder, 'spool'),
      BRIDGE_HTTP_PORT: http ?? '',
      BRIDGE_GRPC_PORT: grpc ?? '',
      OPS_PORT: ops ?? '',
    });
    assert.equal(code, 78, said);
    assert.match(said, /^The configuration has 3 fault/m);
    for (const [name, port] of Object.entries({ BRIDGE_HTTP_PORT: http, BRIDGE_GRPC_PORT: grpc, OPS_PORT: ops }))
      assert.match(said, new RegExp(`${name}: port ${port} is taken, usually by .*${port}. shows by whom; end that, or choose another`));
    assert.doesNotMatch(said, /^\s+at /m);
  });

  it('ends a solo bridge the same way, which begins as if nothing had been once it has another', async () => {
    const [http, grpc] = ports();
    const { code, said } = await run(['--solo', `--folder=${join(folder, 'solo')}`, `--port=${http}`, `--grpc-port=${grpc}`]);
    assert.equal(code, 78, said);
    assert.match(
      said,
      /--grpc-port: port .*another solo bridge[^]*--port: port .*or choose another port with --port=N, or 0 for a free one/,
    );
    assert.doesNotMatch(said, /^\s+at /m);
  });

  it('names the command of the system that tells who has it, and the privilege that is missing', () => {
    const setting = { name: '--port', port: 80, usually: 'a web server' };
    const inUse = Object.assign(new Error('listen'), { code: 'EADDRINUSE' });
    for (const [system, word] of [
      ['linux', 'ss -ltnp'],
      ['darwin', 'lsof -nP'],
      ['win32', 'netstat -ano'],
    ] as const)
      assert.ok(portFault(setting, inUse, system)?.includes(word));
    assert.match(portFault(setting, Object.assign(new Error(''), { code: 'EACCES' }), 'linux') ?? '', /not for this user/);
    assert.equal(portFault(setting, new Error('something else'), 'linux'), undefined);
  });
});
