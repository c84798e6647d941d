# What a script may call. POSIX sh, nothing but built-in commands: the image may hold no other program.
# Every function runs in a subshell where it can, so that no variable or option of the script is touched
# and nothing of it shows up under `set -x`.

# Prints the value of a variable, exactly; nothing if there is none.
get_octopusvariable() (
  { set +x; } 2>/dev/null
  set +eu
  case "${1-}" in
    env:*[!A-Za-z0-9_]* | env:[0-9]* | env:) ;;
    env:*) eval "printf '%s' \"\${${1#env:}-}\"" ;;
    *) __argonaut_variable "${1-}" ;;
  esac
)

# set_octopusvariable NAME VALUE [-sensitive]
set_octopusvariable() {
  case "${3-}" in
    -[Ss][Ee][Nn][Ss][Ii][Tt][Ii][Vv][Ee])
      __argonaut_message setVariable name "${1-}" value "${2-}" sensitive True ;;
    *) __argonaut_message setVariable name "${1-}" value "${2-}" ;;
  esac
}

# new_octopusartifact PATH [NAME]. The file is collected when the step has ended.
new_octopusartifact() {
  if [ ! -e "${1-}" ]; then
    printf 'new_octopusartifact: there is no file "%s" in %s\n' "${1-}" "$PWD" >&2
    exit 1
  fi
  case "$1" in
    /*) __argonaut_message createArtifact path "$1" name "${2:-${1##*/}}" ;;
    *) __argonaut_message createArtifact path "$PWD/$1" name "${2:-${1##*/}}" ;;
  esac
}

# update_progress PERCENTAGE [MESSAGE]
update_progress() {
  __argonaut_message progress percentage "${1-}" message "${2-}"
}

# fail_step [MESSAGE]. The message takes the place of "exit code 1" in the summary.
fail_step() {
  if [ -n "${1-}" ]; then __argonaut_message resultMessage message "$1"; fi
  exit 1
}

write_verbose() { __argonaut_level verbose "$@"; }
write_highlight() { __argonaut_level highlight "$@"; }
write_wait() { __argonaut_level wait "$@"; }
write_warning() { __argonaut_level warning "$@"; }

# Prints its argument in the encoding of service messages, for scripts that write messages of their own.
encode_servicemessagevalue() (
  { set +x; } 2>/dev/null
  set +eu
  __argonaut_base64 "${1-}"
  printf '%s' "$encoded"
)

__argonaut_level() (
  { set +x; } 2>/dev/null
  set +eu
  IFS=' '
  level=$1
  shift
  printf '##octopus[stdout-%s]\n%s\n##octopus[stdout-default]\n' "$level" "$*"
)

# __argonaut_message NAME [KEY VALUE]...
__argonaut_message() (
  { set +x; } 2>/dev/null
  set +eu
  message="##octopus[$1"
  shift
  while [ $# -ge 2 ]; do
    __argonaut_base64 "$2"
    message="$message $1='$encoded'"
    shift 2
  done
  printf '%s]\n' "$message"
)
