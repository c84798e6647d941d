#!/bin/sh
# Makes the machine ready from a fresh clone: dependencies, a Node that is new enough, a Docker engine.
# Needs npm and nothing else; a second run finds everything in place within a second. What it cannot do by
# itself it says exactly.
set -eu
. "$(dirname -- "$0")/lib.sh"

node_wanted=24

cd "$root"
command -v npm >/dev/null || fail "npm is not installed." \
  "Install Node with npm (Debian or Ubuntu: sudo apt-get install npm); any version will do, the project brings its own Node."

# The lock file says what must be there; the stamp, what was there when npm last ended well.
stamp=node_modules/.argonaut-lock
wanted=$(cksum <package-lock.json)
if [ ! -d node_modules ]; then
  # Errors only: npm run by an older Node warns of every package that the project's own Node will run.
  say "installing dependencies (npm ci)"
  npm ci --loglevel=error >&2 || fail "npm ci failed (its words are above)." \
    "Check that the npm registry is within reach, then try again."
  echo "$wanted" >"$stamp"
elif [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  say "bringing dependencies up to date"
  # Not `npm ci`: it would take node_modules away under whatever runs from it.
  npm install --no-save --loglevel=error >&2 || fail "npm install failed (its words are above)." \
    "If it goes on, remove node_modules and try again."
  echo "$wanted" >"$stamp"
fi

# The project's own Node comes with the dependencies; where npm has none for this system, the machine's counts.
command -v node >/dev/null || fail "there is no Node for this system among the dependencies, and none is installed." \
  "Install Node $node_wanted or newer: https://nodejs.org/"
version=$(node --version)
major=${version#v}
major=${major%%.*}
[ "$major" -ge "$node_wanted" ] || fail "Node $node_wanted or newer is needed, and $(command -v node) is $version." \
  "The project's own Node comes with its optional dependencies: remove node_modules and try again without --omit=optional, or install a newer Node."

exec "$root/scripts/machine/engine.sh"
