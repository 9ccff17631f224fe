# The sample game server. The context is the tree; `make images` gives the base images by digest.
ARG CPP_IMAGE
ARG RUNTIME_IMAGE
ARG SHELL_IMAGE

FROM ${CPP_IMAGE} AS build
WORKDIR /tree
COPY LICENSE ./
COPY unreal/core unreal/core
COPY unreal/sample-server unreal/sample-server
RUN make -j"$(nproc)" -C unreal/sample-server OUT=/build CXXFLAGS='-O2 -g -ffile-prefix-map=/tree=.' && \
    mkdir /out && cp /build/sample-server LICENSE /out/
# Everything else that is in it is its base's, which says so itself, and the shell's.
RUN printf '{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{"component":{"type":"application","name":"sample-server","licenses":[{"license":{"id":"Apache-2.0"}}]}},"components":[{"type":"library","name":"openssl","version":"%s","scope":"required","description":"libcrypto, linked dynamically: headers of this version"}]}\n' \
    "$(dpkg-query --show --showformat='${Version}' libssl-dev)" >/out/sbom.cdx.json

# A game server is started by a shell script, unreal/run-server.sh, which writes down how the server ended: who would do so in the server
# itself would not outlive it. It needs a shell and four commands, and gets just these.
FROM ${SHELL_IMAGE} AS shell
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox mkdir -p /out && /bin/busybox cp /bin/busybox /out/ && for name in sh mkdir mv rm; do /bin/busybox ln -s busybox /out/$name; done"]

FROM ${RUNTIME_IMAGE}
COPY --from=shell /out /lifeverse/bin
COPY --from=build /out /lifeverse
COPY unreal/run-server.sh /lifeverse/
LABEL org.opencontainers.image.title="LifeVerse sample server" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/lifeverse/bin
EXPOSE 7777/udp
USER 10002:10002
# The bridge judges it by its frames; without one, its end is the container's end.
HEALTHCHECK NONE
ENTRYPOINT ["/lifeverse/bin/sh", "/lifeverse/run-server.sh", "/lifeverse/sample-server"]
