# What a script may call. POSIX sh, nothing but built-in commands: the image may hold no other program.
# Every function runs in a subshell where it can, so that no variable or option of the script is touched. Their own
# variables have names that no script has: one that a script made read-only, or an integer, is so in a subshell, too.
# Nothing of their inside shows up under `set -x`: a subshell ends the tracing for itself, and what calls one
# in the script's own shell sends its trace (it prints nothing else there) to /dev/null.

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
} 2>/dev/null

# new_octopusartifact PATH [NAME]. The file is collected when the step has ended.
new_octopusartifact() {
  (
    { set +x; } 2>/dev/null
    if [ ! -e "${1-}" ]; then
      printf 'new_octopusartifact: there is no file "%s" in %s\n' "${1-}" "$PWD" >&2
      exit 1
    fi
    case "$1" in
      /*) __argonaut_message createArtifact path "$1" name "${2:-${1##*/}}" ;;
      *) __argonaut_message createArtifact path "$PWD/$1" name "${2:-${1##*/}}" ;;
    esac
  ) || exit 1
}

# update_progress PERCENTAGE [MESSAGE]
update_progress() {
  __argonaut_message progress percentage "${1-}" message "${2-}"
} 2>/dev/null

# fail_step [MESSAGE]. The message takes the place of "exit code 1" in the summary.
fail_step() {
  { [ -z "${1-}" ] || __argonaut_message resultMessage message "$1"; } 2>/dev/null
  exit 1
}

write_verbose() { __argonaut_level verbose "$@"; } 2>/dev/null
write_highlight() { __argonaut_level highlight "$@"; } 2>/dev/null
write_wait() { __argonaut_level wait "$@"; } 2>/dev/null
write_warning() { __argonaut_level warning "$@"; } 2>/dev/null

# Prints its argument in the encoding of service messages, for scripts that write messages of their own.
encode_servicemessagevalue() (
  { set +x; } 2>/dev/null
  set +eu
  __argonaut_base64 "${1-}"
  printf '%s' "$__encoded"
)

# Prints the text of an encoded value, exactly; what is no base64 of it is passed over.
decode_servicemessagevalue() (
  { set +x; } 2>/dev/null
  set +eu
  LC_ALL=C
  __rest=${1-}
  __bits=0
  __count=0
  __line=
  while [ -n "$__rest" ]; do
    __digit=${__rest%"${__rest#?}"}
    __rest=${__rest#?}
    __before=${__argonaut_digits%%"$__digit"*}
    case $__digit in [A-Za-z0-9+/]) ;; *) continue ;; esac
    __bits=$(((__bits << 6 | ${#__before}) & 4194303))
    __count=$((__count + 6))
    [ "$__count" -ge 8 ] || continue
    __count=$((__count - 8))
    __code=$((__bits >> __count & 255))
    __line="$__line\\$((__code >> 6))$((__code >> 3 & 7))$((__code & 7))"
  done
  printf "$__line"
)
__argonaut_digits=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/

# set_environmentstate KEY VALUE [-sensitive] [TYPE]
set_environmentstate() {
  case "${3-}" in
    -[Ss][Ee][Nn][Ss][Ii][Tt][Ii][Vv][Ee])
      __argonaut_message set-environmentstate key "${1-}" value "${2-}" type "${4:-State}" sensitive True ;;
    *) __argonaut_message set-environmentstate key "${1-}" value "${2-}" type "${3:-State}" ;;
  esac
} 2>/dev/null

# set_environmenturl KEY URL
set_environmenturl() {
  __argonaut_message set-environmentstate key "${1-}" value "${2-}" type Url
} 2>/dev/null

# new_octopustarget --name NAME --target-id ID --inputs JSON [--roles R] [--worker-pool P] [--update-if-existing]
new_octopustarget() (
  { set +x; } 2>/dev/null
  set +eu
  __name= __id= __inputs= __roles= __pool= __update=
  while [ $# -gt 0 ]; do
    case $1 in
      -n | --name) __name=${2-} ;;
      -t | --target-id) __id=${2-} ;;
      --inputs) __inputs=${2-} ;;
      --roles) __roles=${2-} ;;
      --worker-pool) __pool=${2-} ;;
      --update-if-existing)
        __update=True
        shift
        continue
        ;;
      *)
        printf 'new_octopustarget: unknown option "%s"\n' "$1" >&2
        exit 1
        ;;
    esac
    if [ $# -gt 1 ]; then shift 2; else shift; fi
  done
  __argonaut_message createStepPackageTarget name "$__name" targetId "$__id" inputs "$__inputs" \
    octopusRoles "$__roles" octopusDefaultWorkerPoolIdOrName "$__pool" updateIfExisting "$__update"
)

# remove_octopustarget NAME; in bash also under Octopus's name, remove-octopustarget.
remove_octopustarget() {
  __argonaut_message delete-target machine "${1-}"
} 2>/dev/null

# report_kubernetes_manifest YAML [NAMESPACE]
report_kubernetes_manifest() {
  if [ -n "${2-}" ]; then __argonaut_message k8s-manifest-applied manifest "${1-}" ns "$2"
  else __argonaut_message k8s-manifest-applied manifest "${1-}"; fi
} 2>/dev/null

# report_kubernetes_manifest_file PATH [NAMESPACE]; one report for each of its documents.
report_kubernetes_manifest_file() (
  { set +x; } 2>/dev/null
  set +eu
  if [ ! -r "${1-}" ]; then
    printf 'report_kubernetes_manifest_file: there is no file "%s" in %s\n' "${1-}" "$PWD" >&2
    exit 1
  fi
  __document=
  __newline='
'
  while IFS= read -r __line || [ -n "$__line" ]; do
    case $__line in
      ---*)
        [ -z "$__document" ] || report_kubernetes_manifest "$__document" "${2-}"
        __document=
        ;;
      *) __document="$__document$__line$__newline" ;;
    esac
  done <"$1"
  [ -z "$__document" ] || report_kubernetes_manifest "$__document" "${2-}"
)

# Where this script is, for the verbose log.
log_environment_information() {
  write_verbose "Working directory: $PWD"
  write_verbose "Home: ${HOME-}"
  write_verbose "Step's directory: ${ARGONAUT_WORK-}"
} 2>/dev/null

__argonaut_level() (
  { set +x; } 2>/dev/null
  set +eu
  __kind=$1
  __text=${2-}
  [ $# -lt 2 ] || shift
  shift
  # Not "$*": it joins by IFS, which a script may have made read-only.
  for __word in "$@"; do __text="$__text $__word"; done
  printf '##octopus[stdout-%s]\n%s\n##octopus[stdout-default]\n' "$__kind" "$__text"
)

# __argonaut_message NAME [KEY VALUE]...
__argonaut_message() (
  { set +x; } 2>/dev/null
  set +eu
  __message="##octopus[$1"
  shift
  while [ $# -ge 2 ]; do
    __argonaut_base64 "$2"
    __message="$__message $1='$__encoded'"
    shift 2
  done
  printf '%s]\n' "$__message"
)
