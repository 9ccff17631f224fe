/** Where the kubelet asks: `/healthz` for the sidecar itself, `/gshealthz` for the game. */
import { createServer, type Server } from 'node:http';

import type { SdkServer } from '../../../sdk-bridge/solo/sidecar/sdk-server.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

export function healthFace(sdk: SdkServer): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://sdk');
    if (pathname === '/healthz') response.writeHead(200, TEXT).end('ok');
    else if (pathname !== '/gshealthz') response.writeHead(404, TEXT).end('404 page not found\n');
    else if (sdk.isHealthy()) response.writeHead(200, TEXT).end('ok');
    else response.writeHead(500, TEXT).end('Internal Server Error\n');
  });
}
