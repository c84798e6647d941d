# Base64 with built-in commands only. `getopts` takes a string apart byte by byte in linear time, which
# no expansion of POSIX sh does; one `printf` in a subshell then gives the codes of 456 bytes at once.
# Sets `encoded`. Always called in a subshell: its variables are gone afterwards.
__argonaut_base64() {
  encoded=$(__argonaut_base64_print "$1")
}

__argonaut_base64_print() {
  LC_ALL=C
  IFS=' '
  OPTIND=1
  quoted=
  count=0
  # The x keeps the word from being "--"; its turn comes first and is passed over.
  set -- "-x$1"
  getopts : option
  while getopts : option; do
    # dash takes a colon for a known option, others for an unknown one.
    if [ "$option" = : ]; then OPTARG=:; fi
    # Compared as strings: half a UTF-8 character is no good in the patterns of `case`.
    if [ "$OPTARG" = \' ]; then quoted="$quoted \"''\""; else quoted="$quoted \"'\"'$OPTARG'"; fi
    count=$((count + 1))
    if [ "$count" -eq 456 ]; then
      eval "__argonaut_base64_group \$(printf '%d ' $quoted)"
      quoted=
      count=0
    fi
  done
  if [ "$count" -gt 0 ]; then eval "__argonaut_base64_group \$(printf '%d ' $quoted)"; fi
}

# Prints the base64 of bytes given as numbers. Some shells give bytes above 127 as negative ones.
__argonaut_base64_group() {
  line=
  while [ $# -ge 3 ]; do
    bits=$((($1 & 255) << 16 | ($2 & 255) << 8 | $3 & 255))
    shift 3
    for shift in 18 12 6 0; do __argonaut_base64_digit $((bits >> shift & 63)); done
  done
  case $# in
    1)
      __argonaut_base64_digit $((($1 & 255) >> 2))
      __argonaut_base64_digit $((($1 & 3) << 4))
      line="$line=="
      ;;
    2)
      __argonaut_base64_digit $((($1 & 255) >> 2))
      __argonaut_base64_digit $((($1 & 3) << 4 | ($2 & 255) >> 4))
      __argonaut_base64_digit $((($2 & 15) << 2))
      line="$line="
      ;;
  esac
  printf "$line"
}

# Adds a digit to the line, as the octal escape that printf understands.
__argonaut_base64_digit() {
  code=$(($1 < 26 ? $1 + 65 : $1 < 52 ? $1 + 71 : $1 < 62 ? $1 - 4 : $1 == 62 ? 43 : 47))
  line="$line\\$((code >> 6))$((code >> 3 & 7))$((code & 7))"
}
