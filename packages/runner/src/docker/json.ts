/**
 * Reading the engine's JSON. Engines leave empty fields out, set them to null, or give a string where a list may
 * stand; every reader here answers with an empty value of the type that was asked for.
 */

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return list(value).filter((entry) => typeof entry === 'string');
}

export function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

export function labels(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record(value)).map(([name, entry]) => [name, text(entry)]));
}
