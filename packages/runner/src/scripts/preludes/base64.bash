# Base64 in bash itself: no subshell, no other program. Sets `encoded`. Always called in a subshell: its
# variables are gone afterwards.
__argonaut_base64() {
  LC_ALL=C
  local digits=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
  local text=$1 out at piece bits a b c
  encoded=
  # Pieces, because taking one byte out of a long string costs as much as the string is long.
  for ((at = 0; at < ${#text}; at += 768)); do
    out=
    piece=${text:at:768}
    while [ "${#piece}" -ge 3 ]; do
      printf -v a %d "'${piece:0:1}"
      printf -v b %d "'${piece:1:1}"
      printf -v c %d "'${piece:2:1}"
      bits=$(((a & 255) << 16 | (b & 255) << 8 | c & 255))
      out+=${digits:bits >> 18:1}${digits:bits >> 12 & 63:1}${digits:bits >> 6 & 63:1}${digits:bits & 63:1}
      piece=${piece:3}
    done
    case ${#piece} in
      1)
        printf -v a %d "'$piece"
        out+=${digits:(a & 255) >> 2:1}${digits:(a & 3) << 4:1}==
        ;;
      2)
        printf -v a %d "'${piece:0:1}"
        printf -v b %d "'${piece:1:1}"
        out+=${digits:(a & 255) >> 2:1}${digits:(a & 3) << 4 | (b & 255) >> 4:1}${digits:(b & 15) << 2:1}=
        ;;
    esac
    encoded+=$out
  done
}
