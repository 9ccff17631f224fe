#!/bin/sh
# The entry point of a game server's image: runs the server, and writes down how it ended, which nobody else in the pod can see.
#
#   run-server.sh PROGRAM [ARGUMENT ...]
#
# Where an argument --crash-dir=FOLDER, or the variable LIFEVERSE_CRASH_DIR, names the folder that is shared with the bridge, the exit code
# is written to FOLDER/exit-code: 128 and the signal's number where a signal ended it.
folder=${LIFEVERSE_CRASH_DIR:-}
for argument in "$@"; do
  case $argument in --crash-dir=*) folder=${argument#--crash-dir=} ;; esac
done
if [ -n "$folder" ]; then mkdir -p "$folder" && rm -f "$folder/exit-code"; fi

"$@" &
server=$!
# A signal interrupts `wait`, and is the server's to answer.
trap 'kill -TERM "$server" 2>/dev/null' TERM
trap 'kill -INT "$server" 2>/dev/null' INT
while :; do
  wait "$server"
  code=$?
  kill -0 "$server" 2>/dev/null || break
done

if [ -n "$folder" ]; then
  printf '%s\n' "$code" >"$folder/exit-code.new" && mv "$folder/exit-code.new" "$folder/exit-code"
fi
exit "$code"
