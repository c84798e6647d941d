#!/bin/sh
# `npm test`: makes the machine ready, then runs every test, those that need only Node first. Goes through to
# the end whatever fails, and closes with the sum of all: "N passed, N failed".
#
# ARGONAUT_SEED          repeats the random choices of an earlier run, which printed it
# ARGONAUT_TEST_REPORTS  a directory that gets the results as JSON, one file for each tier
set -eu
. "$(dirname -- "$0")/lib.sh"

cd "$root"
sh scripts/machine/prepare.sh

reports=${ARGONAUT_TEST_REPORTS:-}
if [ -z "$reports" ]; then
  reports=$(mktemp -d)
  trap 'rm -rf "$reports"' EXIT
fi
mkdir -p "$reports"

: "${ARGONAUT_SEED:=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"
export ARGONAUT_SEED
say "seed $ARGONAUT_SEED (repeat with: ARGONAUT_SEED=$ARGONAUT_SEED npm test)"

tier() { # tier PROJECT: the tests of one project of vitest.config.ts
  vitest run --project "$1" --reporter=default --reporter=json --outputFile.json="$reports/$1.json"
}

result=0
say "the unit tests"
tier unit || result=1

say "the engine tests; those that mostly wait run beside the others, and their words follow at the end"
node scripts/images/build.ts
tier engine-waiting >"$reports/engine-waiting.log" 2>&1 &
waiting=$!
tier engine || result=1
wait "$waiting" || result=1
cat "$reports/engine-waiting.log"

say "seed was $ARGONAUT_SEED"
node scripts/machine/count.ts "$reports/unit.json" "$reports/engine.json" "$reports/engine-waiting.json" || result=1
exit "$result"
