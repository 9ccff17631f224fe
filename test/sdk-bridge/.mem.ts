import { readFile } from 'node:fs/promises';
import { startPod } from './stand-in/bridge-process.ts';
const rss = async (pid: number) => Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const anon = async (pid: number) => Number(/RssAnon:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
for (const env of [
  { NODE_COMPILE_CACHE: '/tmp/bcc', NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=48', MALLOC_ARENA_MAX: '1' },
  {
    NODE_COMPILE_CACHE: '/tmp/bcc',
    NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=48 --v8-pool-size=1',
    MALLOC_ARENA_MAX: '1',
    UV_THREADPOOL_SIZE: '2',
  },
  {
    NODE_COMPILE_CACHE: '/tmp/bcc',
    NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=48 --v8-pool-size=0 --no-opt',
    MALLOC_ARENA_MAX: '1',
    UV_THREADPOOL_SIZE: '2',
  },
  {
    NODE_COMPILE_CACHE: '/tmp/bcc',
    NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=48 --jitless',
    MALLOC_ARENA_MAX: '1',
    UV_THREADPOOL_SIZE: '2',
  },
] as Record<string, string>[]) {
  const pod = await startPod({ world: 'w1', env: { LOG_LEVEL: 'info', ...env } });
  const idle = await rss(pod.pid());
  await pod.play();
  await new Promise((r) => setTimeout(r, 500));
  for (let from = 1; from < 5_000; from += 100)
    await pod.api.appendWorld({ body: { entries: Array.from({ length: 100 }, (_, at) => ({ seq: from + at, data: { n: at } })) } });
  await new Promise((r) => setTimeout(r, 1500));
  console.log(
    JSON.stringify(env),
    'idle',
    idle.toFixed(0),
    'loaded',
    (await rss(pod.pid())).toFixed(0),
    'anon',
    (await anon(pod.pid())).toFixed(0),
  );
  await pod.kill('SIGTERM');
  await pod.close();
}
process.exit(0);
