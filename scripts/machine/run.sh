#!/bin/sh
# Makes the machine ready, then runs a program of ours: run.sh FILE [ARGUMENT...]. Standard output is the program's alone.
set -eu
. "$(dirname -- "$0")/lib.sh"

cd "$root"
sh scripts/machine/prepare.sh
exec node "$@"
