#!/bin/sh
# Stops the Docker engine that engine.sh started by hand; never one that somebody else started.
set -eu
. "$(dirname -- "$0")/lib.sh"

state="$cache/engine"
[ -f "$state/dockerd.pid" ] || { say "no engine of ours is recorded in $state"; exit 0; }
pid=$(cat "$state/dockerd.pid")

gone() { [ "$(command_of "$pid")" != dockerd ]; }

if gone; then
  say "the engine that we started (process $pid) has ended already"
else
  kill -TERM "$pid"
  wait_for 60 gone || fail "dockerd (process $pid) did not end within 60 s." "Its log: $state/dockerd.log"
  say "dockerd (process $pid) ended"
fi
rm -f "$state/dockerd.pid"
