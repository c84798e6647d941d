#!/bin/sh
# Fetches a Docker of today into a folder under the cache: Debian's unstable packages, downloaded by apt with lists and
# folders of its own and unpacked there. Nothing is installed, no service starts, the machine's apt stays as it is.
# Prints the folder. Ends with 3 when this machine cannot have it, and says why.
#
# ARGONAUT_ENGINES_REFRESH=1   fetches anew (the packages move on with Debian)
set -eu
. "$(dirname -- "$0")/lib.sh"

home="$cache/engines/debian-unstable"

if [ -f "$home/complete" ] && [ -z "${ARGONAUT_ENGINES_REFRESH:-}" ]; then
  echo "$home/root"
  exit 0
fi

is_root || cannot "a Docker in a folder needs root, and this is $(id -un)."
for tool in apt-get dpkg-deb unshare chroot ip; do
  command -v "$tool" >/dev/null || cannot "a Docker in a folder is made with $tool, and this machine has none."
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || cannot "Debian's keys ($keyring) are not on this machine, so its packages cannot be checked."

# The mirror that this machine uses for Debian itself, whatever it is.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CODENAME)' 'Created-By: Packages' |
  awk '$2 == "Debian" && $3 !~ /security|updates|backports/ { print $1; exit }')
[ -n "$mirror" ] || cannot "this machine's apt knows no Debian mirror."

apt="$home/apt"
rm -rf "$home/root" "$home/complete"
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/etc" "$home/root"
: >"$apt/status"
# Unstable's index is renewed late now and then, and its age is no danger to a test.
echo "deb [check-valid-until=no signed-by=$keyring] $mirror sid main" >"$apt/etc/sources.list"

fetch() {
  apt-get -q -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
    -o Dir::Etc::sourcelist="$apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::Etc::preferences=/dev/null \
    -o Dir::Log="$apt" -o APT::Sandbox::User=root -o APT::Install-Recommends=false \
    -o Acquire::Languages=none -o Debug::NoLocking=1 "$@" >>"$apt/log" 2>&1
}
: >"$apt/log"
say "fetching Docker from Debian unstable into $home"
fetch update || cannot "Debian unstable is not within reach (apt's words are in $apt/log)."
# iptables and base-files: the engine calls the one, and the other brings the links /bin, /lib and /sbin.
fetch -y -d install docker.io iptables base-files ||
  cannot "Debian unstable does not give docker.io (apt's words are in $apt/log)."

# The links first, or a package would make a directory where one belongs.
for package in "$apt"/archives/base-files_*.deb "$apt"/archives/*.deb; do
  dpkg-deb -x "$package" "$home/root"
done
# What the packages' scripts would have done.
for name in iptables ip6tables iptables-save ip6tables-save iptables-restore ip6tables-restore; do
  [ -e "$home/root/usr/sbin/$name" ] || ln -s xtables-nft-multi "$home/root/usr/sbin/$name"
done
chroot "$home/root" dockerd --version >"$home/version" 2>>"$apt/log" ||
  cannot "the Docker of Debian unstable does not run here (log: $apt/log)."
rm -rf "$apt/archives"
: >"$home/complete"
echo "$home/root"
