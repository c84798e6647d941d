/** The second option of `Replace`, in .NET's way of writing. What names no group is text. */

export interface Found {
  readonly input: string;
  readonly start: number;
  readonly end: number;
  /** By .NET's number, 0 for all of it; empty for a group that took no part. */
  readonly group: (number: number) => string;
}

type Part = string | ((found: Found) => string);

/** @param groups how many there are, the whole match included */
export function replacementParts(
  replacement: string,
  groups: number,
  names: ReadonlyMap<string, number>,
): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of replacement.matchAll(/\$(?:(\d{1,9})|\{([\p{L}\p{Nd}_]{1,100})\}|([$&`'+_]))/gu)) {
    const [whole, digits, name = '', sign] = found;
    const part = sign === undefined ? groupPart(digits ?? name, groups, names) : signPart(sign, groups);
    if (part === undefined) continue;
    parts.push(replacement.slice(from, found.index), part);
    from = found.index + whole.length;
  }
  parts.push(replacement.slice(from));
  return parts;
}

function groupPart(wanted: string, groups: number, names: ReadonlyMap<string, number>): Part | undefined {
  const group = /^\d+$/.test(wanted) ? Number(wanted) : names.get(wanted);
  return group === undefined || group >= groups ? undefined : (found) => found.group(group);
}

function signPart(sign: string, groups: number): Part {
  switch (sign) {
    case '&':
      return ({ group }) => group(0);
    case '`':
      return ({ input, start }) => input.slice(0, start);
    case "'":
      return ({ input, end }) => input.slice(end);
    case '+':
      return ({ group }) => group(groups - 1);
    case '_':
      return ({ input }) => input;
    default:
      return '$';
  }
}
