#!/bin/sh
# Runs a command beside the Docker of a folder: beside.sh ROOT STORE COMMAND...
# STORE is `containerd` or `classic`. DOCKER_HOST names the engine to the command.
#
# Engine, containers and command live in namespaces of their own (network, mounts, processes) with a /tmp of their own.
# So the machine's engine, its bridge, its packet filter and its containers are out of reach, and the end of this script
# is the end of all that it started. Loopback is shared by command and engine: the command's registries can be pulled from.
set -eu
. "$(dirname -- "$0")/../machine/lib.sh"

if [ -z "${ARGONAUT_BESIDE:-}" ]; then
  is_root || fail "an engine in namespaces of its own needs root, and this is $(id -un)."
  runs="$cache/engines/runs"
  mkdir -p "$runs"
  ARGONAUT_BESIDE=$(mktemp -d "$runs/run-XXXXXX")
  ARGONAUT_OUTER_NETWORK=$(readlink /proc/self/ns/net)
  export ARGONAUT_BESIDE ARGONAUT_OUTER_NETWORK
  result=0
  unshare --net --mount --pid --fork --mount-proc --kill-child sh "$0" "$@" || result=$?
  # Mounts are gone with the namespace; what is left are files.
  rm -rf --one-file-system "$ARGONAUT_BESIDE"
  exit "$result"
fi

# A daemon without a bridge deletes docker0, and one with a bridge takes it over: never in the machine's network.
[ "$(readlink /proc/self/ns/net)" != "$ARGONAUT_OUTER_NETWORK" ] ||
  fail "there is no network namespace of our own here; no engine is started."

folder=$1
store=$2
shift 2
case $store in
  containerd) snapshotter=true ;;
  classic) snapshotter=false ;;
  *) fail "unknown image store $store: containerd or classic" ;;
esac

ip link set lo up
mkdir -p "$ARGONAUT_BESIDE/tmp"
chmod 1777 "$ARGONAUT_BESIDE/tmp"
# A project that lies below /tmp stays where it is.
case $root in
  /tmp/*)
    mkdir -p "$ARGONAUT_BESIDE$root"
    mount --bind "$root" "$ARGONAUT_BESIDE$root"
    ;;
esac
mount --rbind "$ARGONAUT_BESIDE/tmp" /tmp
mkdir -p /tmp/engine
cat >/tmp/engine/containerd.toml <<'TOML'
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
TOML
cat >/tmp/engine/daemon.json <<JSON
{ "features": { "containerd-snapshotter": $snapshotter } }
JSON

# Where the packages' root has no such place (Debian's base-files had one once).
mkdir -p "$folder/mnt"
# The engine's root is the folder, and truly so: beneath a mere chroot, what is executed in a running container would see
# the machine's root instead of the container's. The old root stays at /mnt of the engine's namespace.
export folder
# shellcheck disable=SC2016
unshare --mount sh -euc '
  mount --bind "$folder" "$folder"
  for tree in proc sys dev; do mount --rbind "/$tree" "$folder/$tree"; done
  mount -t tmpfs -o mode=755 tmpfs "$folder/run"
  mount --bind /tmp "$folder/tmp"
  cd "$folder"
  pivot_root . mnt
  cd /
  exec containerd --config /tmp/engine/containerd.toml --address /tmp/engine/containerd.sock \
    --root /tmp/engine/containerd --state /tmp/engine/containerd-state --log-level error
' </dev/null >/tmp/engine/containerd.log 2>&1 &
enter="nsenter --target $! --mount --"
wait_for 30 test -S /tmp/engine/containerd.sock || {
  tail -n 20 /tmp/engine/containerd.log >&2
  fail "containerd does not come up (its last lines are above)."
}
# shellcheck disable=SC2086
$enter dockerd --config-file /tmp/engine/daemon.json --containerd /tmp/engine/containerd.sock \
  --host unix:///tmp/engine/docker.sock --data-root /tmp/engine/data --exec-root /tmp/engine/exec \
  --pidfile /tmp/engine/pid --live-restore --log-level warn </dev/null >/tmp/engine/dockerd.log 2>&1 &

export DOCKER_HOST=unix:///tmp/engine/docker.sock
# How tests start daemons of their own that they may kill.
export ARGONAUT_TEST_ENGINE_ENTER="$enter"
export ARGONAUT_TEST_IMAGE_STORE="$store"
answers() { node "$root/scripts/machine/ping.ts"; }
wait_for 60 answers || {
  tail -n 20 /tmp/engine/dockerd.log >&2
  fail "dockerd does not answer (its last lines are above)."
}
result=0
"$@" || result=$?
[ "$result" = 0 ] || [ -z "${ARGONAUT_ENGINE_LOGS:-}" ] || cp /tmp/engine/*.log "$ARGONAUT_ENGINE_LOGS"
exit "$result"
