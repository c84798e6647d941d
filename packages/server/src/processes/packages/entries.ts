/**
 * The texts by which CI clients choose package versions: `package:version`, `step:version`,
 * `reference:packageOrStep:version`. `*` stands for any name; a colon inside a name is written `\:`.
 */
import { Invalid } from '@argonaut/contracts';
import type { TemplatePackage } from '@argonaut/contracts/rest';

export interface Entry {
  /** As it was written, for messages. */
  readonly text: string;
  /** Undefined: any reference. */
  readonly reference: string | undefined;
  /** Undefined: any package or step. */
  readonly packageOrStep: string | undefined;
  readonly version: string;
}

/** @throws Invalid with every entry that cannot be read. */
export function readEntries(texts: readonly string[]): Entry[] {
  const complaints: string[] = [];
  const entries = texts.flatMap((text): Entry[] => {
    const parts = split(text);
    const version = parts.at(-1) ?? '';
    if (parts.length < 2 || parts.length > 3 || version === '') {
      complaints.push(
        `Packages: "${text}" cannot be read. Write package:version, step:version or reference:packageOrStep:version.`,
      );
      return [];
    }
    const [first, second] = parts;
    const reference = parts.length === 3 ? first : '*';
    const name = parts.length === 3 ? second : first;
    const any = (part: string | undefined) => (part === '*' ? undefined : part);
    return [{ text, reference: any(reference), packageOrStep: any(name), version }];
  });
  if (complaints.length > 0) throw new Invalid(complaints.join(' '), { errors: complaints });
  return entries;
}

/** Whether the entry speaks of this package. */
export function speaksOf(entry: Entry, needed: TemplatePackage): boolean {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const names = [needed.PackageId, needed.StepName, needed.ActionName];
  return (
    (entry.reference === undefined || same(entry.reference, needed.PackageReferenceName)) &&
    (entry.packageOrStep === undefined || names.some((name) => same(name, entry.packageOrStep ?? '')))
  );
}

/** The more an entry names, the more it counts; of equals the last one written. */
export function weight(entry: Entry): number {
  return (entry.reference === undefined ? 0 : 2) + (entry.packageOrStep === undefined ? 0 : 1);
}

function split(text: string): string[] {
  const parts = [''];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\\' && index + 1 < text.length) {
      index += 1;
      parts[parts.length - 1] += text.charAt(index);
    } else if (character === ':') parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}
