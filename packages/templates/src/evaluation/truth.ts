/** Everything is true but the empty text, `0`, and `no` and `false` in any case and with blanks around them. */
export function isTruthy(text: string): boolean {
  if (text === '' || text === '0') return false;
  const word = text.length > 40 ? text.trim() : text.trim().toLowerCase();
  return !/^(?:no|false)$/i.test(word);
}
