# Sourced by the scripts of this room: where things lie, how we speak, and how long we wait.
# POSIX sh; works before Node or any dependency is there.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=${ARGONAUT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/argonaut}
PATH="$root/node_modules/.bin:$PATH"
export PATH

say() { printf 'machine: %s\n' "$*" >&2; }

# Ends the script with what happened, why, and what to do next.
fail() {
  printf 'machine: %s\n' "$@" >&2
  exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

is_debian() {
  [ -r /etc/os-release ] || return 1
  # ID_LIKE covers Ubuntu and other derivatives.
  (. /etc/os-release && case " ${ID:-} ${ID_LIKE:-} " in *' debian '* | *' ubuntu '*) exit 0 ;; *) exit 1 ;; esac)
}

has_systemd() { [ -d /run/systemd/system ]; }

# The command name of a process, empty when there is none.
command_of() { cat "/proc/$1/comm" 2>/dev/null || true; }

# wait_for SECONDS COMMAND...: polls until the command succeeds or the deadline has passed.
wait_for() {
  deadline=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}
