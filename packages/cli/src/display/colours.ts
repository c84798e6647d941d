/** NO_COLOR (any value) wins over FORCE_COLOR; otherwise colours are for terminals (no-color.org). */
export function coloursWanted(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  // Undefined, not false, where stdout is no terminal.
  return process.stdout.isTTY === true && TERM !== 'dumb';
}
