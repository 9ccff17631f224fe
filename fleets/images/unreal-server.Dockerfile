# An Unreal Engine 5 dedicated server, from the folder that the engine's build tool stages (Saved/StagedBuilds/LinuxServer). That folder is
# the named context `server`; the context is the tree. SERVER_BINARY is the server's program in that folder, such as
# MyGame/Binaries/Linux/MyGameServer.
ARG RUNTIME_IMAGE
ARG SHELL_IMAGE

# A game server is started by a shell script, unreal/run-server.sh, which writes down how the server ended. The script that the engine puts
# beside the program is not used: it changes the program's mode, which a read-only root forbids, and passes no signal on.
FROM ${SHELL_IMAGE} AS shell
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox mkdir -p /out/bin && /bin/busybox cp /bin/busybox /out/bin/ && for name in sh mkdir mv rm; do /bin/busybox ln -s busybox /out/bin/$name; done"]
ARG SERVER_BINARY
# The engine finds its files from where the program really is, not from this link.
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox ln -s \"/game/$SERVER_BINARY\" /out/server"]

FROM ${RUNTIME_IMAGE}
COPY --from=shell /out /lifeverse
COPY unreal/run-server.sh LICENSE /lifeverse/
# A named context, which the linter takes for a stage that is missing.
# hadolint ignore=DL3022
COPY --from=server . /game
LABEL org.opencontainers.image.title="Unreal server on LifeVerse"
ENV PATH=/lifeverse/bin
EXPOSE 7777/udp
USER 10002:10002
# The bridge judges it by its frames; without one, its end is the container's end.
HEALTHCHECK NONE
ENTRYPOINT ["/lifeverse/bin/sh", "/lifeverse/run-server.sh", "/lifeverse/server"]
