#!/bin/sh
# Makes sure that a Docker engine answers: uses the one that runs, starts one that is installed, or installs
# one (root on Debian or Ubuntu only). What it starts by hand it remembers in the cache, for stop.sh.
set -eu
. "$(dirname -- "$0")/lib.sh"

state="$cache/engine"

answers() { node "$root/scripts/machine/ping.ts"; }

if answers; then exit 0; fi
[ -z "${DOCKER_HOST:-}" ] || fail "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST." \
  "Start that engine, or unset DOCKER_HOST to use the one at /var/run/docker.sock."

# A socket that is there but closed to us is a question of permission, not of a missing engine.
if [ -S /var/run/docker.sock ] && ! [ -w /var/run/docker.sock ]; then
  fail "the Docker engine's socket /var/run/docker.sock is not open to user $(id -un)." \
    "Add the user to the docker group (sudo usermod -aG docker $(id -un)), log in again and try again."
fi

if ! command -v dockerd >/dev/null; then
  if is_root && is_debian; then
    "$root/scripts/machine/install.sh" docker.io iptables ca-certificates
  else
    fail "no Docker engine answers at /var/run/docker.sock and none is installed." \
      "On Debian or Ubuntu: sudo apt-get install docker.io ; elsewhere: https://docs.docker.com/engine/install/" \
      "An engine on another address is used through DOCKER_HOST, for example DOCKER_HOST=unix:///path/to/docker.sock"
  fi
fi

is_root || fail "Docker is installed but does not run, and only root can start it." \
  "Start it with: sudo systemctl start docker"

if has_systemd; then
  say "starting Docker through systemd"
  systemctl start docker || fail "systemctl start docker failed." "Look at: journalctl -u docker"
  wait_for 60 answers || fail "Docker was started but does not answer after 60 s." "Look at: journalctl -u docker"
  exit 0
fi

# Left behind by an engine that was killed with its machine. The engine takes any living process with that
# number for itself (or its containerd) and would refuse to start (or wait for a stranger).
forget_stale() {
  [ -f "$1" ] || return 0
  [ "$(command_of "$(cat "$1")")" = "$2" ] || rm -f "$1"
}
forget_stale /var/run/docker.pid dockerd
forget_stale /var/run/docker/containerd/containerd.pid containerd
if [ -S /run/containerd/containerd.sock ] && ! pidof containerd >/dev/null 2>&1; then
  rm -f /run/containerd/containerd.sock
fi

mkdir -p "$state"
# live-restore: containers survive a restart of the engine. A flag that daemon.json repeats is an error.
flags=''
grep -qs live-restore /etc/docker/daemon.json || flags=--live-restore

say "starting dockerd (log: $state/dockerd.log)"
# Its own session and no open descriptor of ours: it outlives this shell and whoever waits for its output.
# shellcheck disable=SC2086
setsid nohup dockerd $flags </dev/null >"$state/dockerd.log" 2>&1 &
echo $! >"$state/dockerd.pid"

if ! wait_for 60 answers; then
  tail -n 20 "$state/dockerd.log" >&2
  fail "dockerd was started but does not answer after 60 s (its last lines are above)." "Whole log: $state/dockerd.log"
fi
