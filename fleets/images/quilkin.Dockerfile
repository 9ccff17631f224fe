# Quilkin for fleets/components/udp-proxies, from a program that was built elsewhere (`make quilkin`): that takes a quarter of an hour. Its
# folder is the named context `quilkin`; it was linked against a C library no newer than the base's.
ARG RUNTIME_IMAGE
FROM ${RUNTIME_IMAGE}
# A named context, which the linter takes for a stage that is missing.
# hadolint ignore=DL3022
COPY --from=quilkin quilkin /usr/local/bin/quilkin
LABEL org.opencontainers.image.title="Quilkin" \
      org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 7777/udp
USER 10005:10005
# Its admin port is for Kubernetes to ask; there is no shell in the image.
HEALTHCHECK NONE
ENTRYPOINT ["/usr/local/bin/quilkin"]
