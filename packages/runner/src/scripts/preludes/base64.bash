# Base64 in bash itself: no subshell, no other program. Sets `__encoded`. Always called in a subshell: its
# variables are gone afterwards.
__argonaut_base64() {
  LC_ALL=C
  local __digits=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
  local __text=$1 __out __at __piece __bits __a __b __c
  __encoded=
  # Pieces, because taking one byte out of a long string costs as much as the string is long.
  for ((__at = 0; __at < ${#__text}; __at += 768)); do
    __out=
    __piece=${__text:__at:768}
    while [ "${#__piece}" -ge 3 ]; do
      printf -v __a %d "'${__piece:0:1}"
      printf -v __b %d "'${__piece:1:1}"
      printf -v __c %d "'${__piece:2:1}"
      __bits=$(((__a & 255) << 16 | (__b & 255) << 8 | __c & 255))
      __out+=${__digits:__bits >> 18:1}${__digits:__bits >> 12 & 63:1}${__digits:__bits >> 6 & 63:1}${__digits:__bits & 63:1}
      __piece=${__piece:3}
    done
    case ${#__piece} in
      1)
        printf -v __a %d "'$__piece"
        __out+=${__digits:(__a & 255) >> 2:1}${__digits:(__a & 3) << 4:1}==
        ;;
      2)
        printf -v __a %d "'${__piece:0:1}"
        printf -v __b %d "'${__piece:1:1}"
        __out+=${__digits:(__a & 255) >> 2:1}${__digits:(__a & 3) << 4 | (__b & 255) >> 4:1}${__digits:(__b & 15) << 2:1}=
        ;;
    esac
    __encoded+=$__out
  done
}
