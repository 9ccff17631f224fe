# One of the services: SERVICE=accounts, allocator, matchmaker or saves. The context is the tree; `make images` gives the base images by digest.
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
ARG SERVICE
COPY ${SERVICE} ${SERVICE}
RUN node deploy/images/bundle/main.ts "${SERVICE}" /out && cp LICENSE /out/

FROM ${RUNTIME_IMAGE}
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY --from=bundle /out /app
ARG SERVICE
LABEL org.opencontainers.image.title="LifeVerse ${SERVICE}" \
      org.opencontainers.image.licenses="Apache-2.0"
# In a container its own loopback is nobody's.
ENV HOST=0.0.0.0 PORT=8443 OPS_PORT=8444
EXPOSE 8443 8444
USER 10003:10003
# For `docker run`; Kubernetes has probes of its own and does not look at this. The certificate is the service's own, and so is the loopback.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["/usr/local/bin/node", "-e", "require('node:https').get({ host: '127.0.0.1', port: process.env.OPS_PORT, path: '/livez', rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["/usr/local/bin/node", "/app/main.mjs"]
