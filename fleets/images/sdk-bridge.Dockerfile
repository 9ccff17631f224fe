# The sidecar beside every game server. The context is the tree; `make images` gives the base images by digest.
ARG NODE_IMAGE
ARG RUNTIME_IMAGE

FROM ${NODE_IMAGE} AS packages
WORKDIR /tree
COPY .npmrc package.json package-lock.json ./
# Without the packages' own scripts: what is bundled needs none of them.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts

FROM packages AS bundle
COPY LICENSE ./
COPY deploy/images/bundle deploy/images/bundle
COPY contracts contracts
COPY runtime runtime
COPY sdk-bridge sdk-bridge
RUN node deploy/images/bundle/main.ts sdk-bridge /out && cp LICENSE /out/

FROM ${RUNTIME_IMAGE}
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY --from=bundle /out /app
LABEL org.opencontainers.image.title="LifeVerse sdk-bridge" \
      org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 9357 9358 9359
USER 10001:10001
# For `docker run`; Kubernetes does not look at this. Whatever the bridge answers, it answers.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["/usr/local/bin/node", "-e", "require('node:http').get({ host: '127.0.0.1', port: process.env.BRIDGE_HTTP_PORT ?? 9358 }, () => process.exit(0)).on('error', () => process.exit(1))"]
# Variable and flags are those of sdk-bridge/image/node-flags.ts.
ENV MALLOC_MMAP_THRESHOLD_=32768
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--optimize-for-size", "--no-maglev", "--no-turbofan", "/app/main.mjs"]
