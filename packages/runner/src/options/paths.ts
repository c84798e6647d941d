/** Where paths lead, by their spelling: `/var/run/../run//x/` is `/run/x` on every system that we meet. */
import { posix } from 'node:path';

/** Directories that are links on today's systems; what they lead to is meant. */
const links: readonly (readonly [from: string, to: string])[] = [['/var/run', '/run']];

export function plainPath(path: string): string {
  const whole = posix
    .normalize(path)
    .replace(/(.)\/+$/, '$1')
    .replace(/^\/\//, '/');
  for (const [from, to] of links) {
    if (within(whole, from)) return to + whole.slice(from.length);
  }
  return whole;
}

/** The path is the directory, or lies below it. Both are plain. */
export function within(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** One holds the other. */
export function overlap(one: string, other: string): boolean {
  return within(one, other) || within(other, one);
}
