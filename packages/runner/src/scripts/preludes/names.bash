# No name for a function in POSIX, but this is what Octopus calls it.
remove-octopustarget() { remove_octopustarget "$@"; }
