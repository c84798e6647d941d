# Base64 with built-in commands only. `getopts` takes a string apart byte by byte in linear time, which
# no expansion of POSIX sh does; one `printf` in a subshell then gives the codes of 456 bytes at once.
# Sets `__encoded`. Always called in a subshell: its variables are gone afterwards.
__argonaut_base64() {
  __encoded=$(__argonaut_base64_print "$1")
}

__argonaut_base64_print() {
  LC_ALL=C
  IFS=' '
  OPTIND=1
  __quoted=
  __count=0
  # The x keeps the word from being "--"; its turn comes first and is passed over.
  set -- "-x$1"
  getopts : __option
  while getopts : __option; do
    # dash takes a colon for a known option, others for an unknown one.
    if [ "$__option" = : ]; then OPTARG=:; fi
    # Compared as strings: half a UTF-8 character is no good in the patterns of `case`.
    if [ "$OPTARG" = \' ]; then __quoted="$__quoted \"''\""; else __quoted="$__quoted \"'\"'$OPTARG'"; fi
    __count=$((__count + 1))
    if [ "$__count" -eq 456 ]; then
      eval "__argonaut_base64_group \$(printf '%d ' $__quoted)"
      __quoted=
      __count=0
    fi
  done
  if [ "$__count" -gt 0 ]; then eval "__argonaut_base64_group \$(printf '%d ' $__quoted)"; fi
}

# Prints the base64 of bytes given as numbers. Some shells give bytes above 127 as negative ones.
__argonaut_base64_group() {
  __line=
  while [ $# -ge 3 ]; do
    __bits=$((($1 & 255) << 16 | ($2 & 255) << 8 | $3 & 255))
    shift 3
    for __shift in 18 12 6 0; do __argonaut_base64_digit $((__bits >> __shift & 63)); done
  done
  case $# in
    1)
      __argonaut_base64_digit $((($1 & 255) >> 2))
      __argonaut_base64_digit $((($1 & 3) << 4))
      __line="$__line=="
      ;;
    2)
      __argonaut_base64_digit $((($1 & 255) >> 2))
      __argonaut_base64_digit $((($1 & 3) << 4 | ($2 & 255) >> 4))
      __argonaut_base64_digit $((($2 & 15) << 2))
      __line="$__line="
      ;;
  esac
  printf "$__line"
}

# Adds a digit to the line, as the octal escape that printf understands.
__argonaut_base64_digit() {
  __code=$(($1 < 26 ? $1 + 65 : $1 < 52 ? $1 + 71 : $1 < 62 ? $1 - 4 : $1 == 62 ? 43 : 47))
  __line="$__line\\$((__code >> 6))$((__code >> 3 & 7))$((__code & 7))"
}
