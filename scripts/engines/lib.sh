# Sourced by what brings engines into folders: `fetch.sh` and `build.sh`. Each prints the folder; the reasons why it cannot go
# to the standard error.
# shellcheck source=../machine/lib.sh
. "$(dirname -- "$0")/../machine/lib.sh"

# This machine cannot have the engine: no failure, and said plainly.
cannot() {
  printf 'engines: %s\n' "$@" >&2
  exit 3
}
