/**
 * The parts of a secret that are secret on their own: the lines of a key, the password in a connection string,
 * the strings in a JSON document. Programs print these without the rest.
 */

/** Parts shorter than this hide more log than secret. */
const SHORTEST_PART = 6;

/** Distinct parts of the value, the value itself left out. */
export function partsOf(value: string): string[] {
  const parts = new Set<string>();
  for (const part of [
    ...trimmed(value),
    ...lines(value),
    ...jsonStrings(value),
    ...passwords(value),
    ...ampersands(value),
  ]) {
    if (part.length >= SHORTEST_PART) parts.add(part);
  }
  for (const part of trimmed(value)) if (part.length >= 4) parts.add(part);
  parts.delete(value);
  return [...parts];
}

/** Without blanks around it, and without the quotes that a person pasted along. */
function trimmed(value: string): string[] {
  const bare = value.trim();
  const quoted = /^(["'])(.*)\1$/s.exec(bare);
  return quoted?.[2] === undefined ? [bare] : [bare, quoted[2]];
}

function lines(value: string): string[] {
  if (!value.includes('\n')) return [];
  return value
    .split(/\r?\n/)
    .flatMap((line) => [line, line.trim()])
    .filter((line) => !isArmour(line));
}

/** "-----BEGIN CERTIFICATE-----" is in every public certificate too. */
function isArmour(line: string): boolean {
  return /^-----(BEGIN|END) [A-Z0-9 ]+-----$/.test(line.trim());
}

function jsonStrings(value: string): string[] {
  if (!/^\s*[[{]/.test(value)) return [];
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node === 'string') found.push(node, ...lines(node));
    else if (typeof node === 'object' && node !== null) Object.values(node).forEach(visit);
  };
  try {
    visit(JSON.parse(value));
  } catch {
    return [];
  }
  return found;
}

/** `Key=value;` strings of databases and storage accounts, and `scheme://user:password@host`. */
const PASSWORD_KEYS =
  /(?:^|;)\s*(?:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature|secret|token|api[-_ ]?key)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^;]*))/gi;
/** Schemes are short: where any length will do, a long text without one is gone through from each of its letters. */
const URL_PASSWORD = /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@]*:([^\s/@]+)@/gi;

function passwords(value: string): string[] {
  const found: string[] = [];
  for (const match of value.matchAll(PASSWORD_KEYS)) found.push(match[1] ?? match[2] ?? match[3] ?? '');
  for (const match of value.matchAll(URL_PASSWORD)) {
    const password = match[1] ?? '';
    found.push(password, percentDecoded(password));
  }
  return found;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** PowerShell quotes the command up to or from an unquoted `&` in its error messages. */
function ampersands(value: string): string[] {
  return value.includes('&') ? value.split('&') : [];
}
