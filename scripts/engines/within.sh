#!/bin/sh
# Beside an engine: writes what the engine is, then runs test files against it: within.sh DIRECTORY FILE...
# DIRECTORY gets facts.json and tests.json.
set -eu
answers=$1
shift
version=$(docker version --format '"version": {{json .Server.Version}}, "api": {{json .Server.APIVersion}},
  "containerd": "{{range .Server.Components}}{{if eq .Name "containerd"}}{{.Version}}{{end}}{{end}}",
  "runc": "{{range .Server.Components}}{{if eq .Name "runc"}}{{.Version}}{{end}}{{end}}"')
driver=$(docker info --format '"driver": {{json .Driver}}, "kernel": {{json .KernelVersion}}')
printf '{ %s, %s }\n' "$version" "$driver" >"$answers/facts.json"
exec vitest run --project engine --reporter=default --reporter=json --outputFile.json="$answers/tests.json" "$@"
