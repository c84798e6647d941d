/**
 * Version numbers, pure. A template is evaluated with the numbers of the last release, raised and as they are; what is
 * left of the mask letters `i` (raise) and `c` (keep) is settled afterwards.
 */
import { evaluate } from '@argonaut/templates';

const PARTS = ['Major', 'Minor', 'Patch', 'Build'] as const;

interface Numbers {
  readonly parts: readonly number[];
  /** After the dash, without it. */
  readonly suffix: string;
}

/** `1.2.3-beta.1`, with two to four numbers and perhaps a `v` in front; undefined for any other text. */
export function readVersion(version: string): Numbers | undefined {
  const match = /^v?(\d+(?:\.\d+){0,3})(?:-([^+]*))?(?:\+.*)?$/i.exec(version.trim());
  if (!match) return undefined;
  const parts = (match[1] ?? '').split('.').map(Number);
  return parts.every(Number.isSafeInteger) ? { parts, suffix: match[2] ?? '' } : undefined;
}

/** The first one that has numbers. */
export function lastNumbered(versions: readonly string[]): string | undefined {
  return versions.find((version) => readVersion(version) !== undefined);
}

/** What a template may ask for. Versions are newest first; those without numbers are passed over. */
export interface NumberingContext {
  readonly now: Date;
  readonly versions: readonly string[];
  readonly channel: { readonly name: string; readonly versions: readonly string[] };
  /** The newest versions of each channel, by its name. */
  readonly channels: Readonly<Record<string, readonly string[]>>;
  /** The project's own variables, as far as they have a value without an environment. */
  readonly variables: Readonly<Record<string, string | null>>;
}

export function numberingVariables(context: NumberingContext): Record<string, string | null> {
  const { now, channel } = context;
  const [month, day] = [now.getUTCMonth() + 1, now.getUTCDate()];
  const startOfYear = Date.UTC(now.getUTCFullYear(), 0, 1);
  const result: Record<string, string | null> = {
    ...context.variables,
    ...versionVariables('Octopus.Version.', context.versions),
    ...versionVariables('Octopus.Version.Channel.', channel.versions),
    'Octopus.Release.Channel.Name': channel.name,
    'Octopus.Date.Year': String(now.getUTCFullYear()),
    'Octopus.Date.Month': String(month),
    'Octopus.Date.Day': String(day),
    'Octopus.Date.DayOfYear': String(Math.floor((now.getTime() - startOfYear) / 86_400_000) + 1),
    'Octopus.Time.Hour': String(now.getUTCHours()),
    'Octopus.Time.Minute': String(now.getUTCMinutes()),
    'Octopus.Time.Second': String(now.getUTCSeconds()),
  };
  for (const [name, versions] of Object.entries(context.channels)) {
    Object.assign(result, versionVariables(`Octopus.Version.Channel[${name}].`, versions));
  }
  return result;
}

function versionVariables(prefix: string, versions: readonly string[]): Record<string, string> {
  const last = readVersion(lastNumbered(versions) ?? '') ?? { parts: [], suffix: '' };
  const result: Record<string, string> = {
    [`${prefix}LastSuffix`]: last.suffix,
    [`${prefix}NextSuffix`]: nextSuffix(last.suffix),
  };
  for (const [index, name] of PARTS.entries()) {
    const number = last.parts[index] ?? 0;
    result[`${prefix}Last${name}`] = String(number);
    result[`${prefix}Next${name}`] = String(number + 1);
  }
  // The fourth number has two names.
  result[`${prefix}LastRevision`] = String(last.parts[3] ?? 0);
  result[`${prefix}NextRevision`] = String((last.parts[3] ?? 0) + 1);
  return result;
}

/** `beta.1` becomes `beta.2`; a suffix without a number stays. */
function nextSuffix(suffix: string): string {
  return suffix.replace(/\d+$/, (digits) => String(Number(digits) + 1));
}

/** The next version by a template, or what is wrong with the template. */
export function nextVersion(
  template: string,
  context: NumberingContext,
): { readonly version: string } | { readonly problem: string } {
  const { text, error } = evaluate(template, numberingVariables(context), { now: () => context.now });
  if (error !== null) return { problem: `The version template "${template}" cannot be worked out: ${error}` };
  const version = (text ?? '').trim();
  if (version === '') return { problem: `The version template "${template}" gives an empty version.` };
  return { version: settleMask(version, lastNumbered(context.versions)) };
}

/**
 * `1.i.i` after 1.4.2 is 1.5.0: `i` raises the last number, and starts from 0 once a number before it has changed; `c`
 * keeps the last number likewise. A version without these letters stays as it is.
 */
export function settleMask(version: string, last: string | undefined): string {
  const match = /^((?:\d+|i|c)(?:\.(?:\d+|i|c)){1,3})(-.*)?$/.exec(version);
  const letters = match?.[1]?.split('.') ?? [];
  if (!letters.some((part) => part === 'i' || part === 'c')) return version;
  const before = readVersion(last ?? '')?.parts ?? [];
  let same = true;
  const settled = letters.map((part, index) => {
    const old = before[index] ?? 0;
    const number = part === 'i' ? (same ? old + 1 : 0) : part === 'c' ? (same ? old : 0) : Number(part);
    if (number !== old) same = false;
    return number;
  });
  return `${settled.join('.')}${match?.[2] ?? ''}`;
}
