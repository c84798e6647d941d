#!/bin/sh
# Builds Docker 29 from its Go module, for Debian has no such version: its dockerd beside the containerd, runc and packet filter
# of the Docker that fetch.sh brings. Kept in the cache under the module's version; nothing else on the machine changes.
# Prints the folder. Ends with 3 when this machine cannot have it, and says why.
set -eu
. "$(dirname -- "$0")/lib.sh"

module=github.com/moby/moby/v2
module_version=v2.0.0-beta.24
# What the module's own list of releases calls the next one; the module itself carries no Docker version.
docker_version=29.8.1
# With it everything is known by content: the module holds the sums of all that it needs.
sum='h1:sWv7EckkDJhpraR9yUjkw1XeVf39+MWd58E22PYloNA='

home="$cache/engines/moby-$module_version"
folder=$(sh "$(dirname -- "$0")/fetch.sh")

if ! [ -f "$home/complete" ]; then
  command -v go >/dev/null ||
    cannot "Docker $docker_version is built with Go, and this machine has none (https://go.dev/dl/)."
  mkdir -p "$home/bin"
  log="$home/log"
  say "building Docker $docker_version into $home (minutes, once)"
  download=$(cd "$home" && go mod download -json "$module@$module_version" 2>"$log") ||
    cannot "the Go module $module is not within reach (go's words are in $log)."
  field() { printf '%s\n' "$download" | sed -n "s/^[[:space:]]*\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p"; }
  [ "$(field Sum)" = "$sum" ] ||
    fail "the Go module $module $module_version is not what it was: $(field Sum) instead of $sum." \
      "Find out why before anything of it is run."
  # In the module's own folder, so that its own sums count.
  CGO_ENABLED=0 go build -C "$(field Dir)" -mod=readonly -trimpath -buildvcs=false -o "$home/bin/" \
    -ldflags "-s -w -X $module/dockerversion.Version=$docker_version+$module_version" \
    ./cmd/dockerd ./cmd/docker-proxy >>"$log" 2>&1 ||
    cannot "Docker $docker_version cannot be built here (the last words are in $log):" "$(tail -n 3 "$log")"
  : >"$home/complete"
fi

# Hard links: the folder is read only by what runs from it, and is made anew when Debian's has changed.
rm -rf "$home/root"
cp -al "$folder" "$home/root"
for program in dockerd docker-proxy; do
  place=$(find "$home/root/usr" -type f -name "$program")
  [ -n "$place" ] || place="$home/root/usr/bin/$program"
  cp --remove-destination "$home/bin/$program" "$place"
done
echo "$home/root"
