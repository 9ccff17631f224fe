/** A deployment's last layer over game servers, with the UDP proxies before them. */

/** @param address undefined: none is reserved */
export function withUdpProxies(address: string | undefined, overlay = 'dev/regions/europe-west1'): (toFleets: string) => object {
  const literals = ['PROJECT_ID=some-project', ...(address === undefined ? [] : [`UDP_EDGE_ADDRESS=${address}`])];
  return (fleets) => ({
    resources: [`${fleets}/overlays/${overlay}/game-servers`],
    components: [`${fleets}/components/deployment/game-servers`, `${fleets}/components/udp-proxies`],
    configMapGenerator: [{ name: 'lifeverse-backend', namespace: 'lifeverse', behavior: 'merge', literals }],
    images: [{ name: 'lifeverse.invalid/quilkin', newName: 'registry.example/quilkin', digest: `sha256:${'0'.repeat(64)}` }],
  });
}
