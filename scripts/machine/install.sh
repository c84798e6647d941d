#!/bin/sh
# Installs Debian packages that are missing: install.sh PACKAGE...
# Only as root on Debian or Ubuntu; elsewhere it says what to install. Services that a package brings are not
# started: whoever needs one starts its own, private one.
set -eu
. "$(dirname -- "$0")/lib.sh"

missing=''
for package in "$@"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=absent
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

is_debian || fail "this machine lacks:$missing" "Install them with your package manager and try again."
is_root || fail "this machine lacks:$missing" "Install them with: sudo apt-get install$missing"

mkdir -p "$cache"
# apt has one lock for the lists and one for packages, and only the second can be waited for.
exec 9>"$cache/apt.lock"
if command -v flock >/dev/null; then flock -w 600 9; fi

# Debian's switch against starting services during an installation (invoke-rc.d asks it). One that is there
# already has its owner's reasons and stays as it is.
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

say "installing$missing"
export DEBIAN_FRONTEND=noninteractive
log="$cache/apt.log"
install() {
  # shellcheck disable=SC2086 # one word per package
  apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing 9>&- >"$log" 2>&1
}
# The lists may be absent or too old to name files that still exist: fetch them on the first failure.
install || { apt-get -q update >"$log" 2>&1 9>&- && install; } || {
  tail -n 20 "$log" >&2
  fail "apt-get could not install:$missing (whole output in $log)" "Check the network and the package sources, then try again."
}
