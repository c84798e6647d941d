/**
 * Names inside archives, made into paths below a directory, or refused. Pure. Paths are judged as text: while an
 * archive is unpacked no link exists yet, so what a path says is where it leads.
 */

/** What is wrong with a name, as a clause; or the path, relative, with slashes, `''` for the directory itself. */
export type CheckedPath = { readonly path: string } | { readonly problem: string };

/** The longest name of one file on Linux, in bytes (limits.h, NAME_MAX). */
const NAME_MAX = 255;

export function checkPath(name: string, maximumDepth: number): CheckedPath {
  if (name.includes('\0')) return { problem: 'holds a NUL byte' };
  if (name.includes('\\')) return { problem: 'holds a backslash' };
  if (name.startsWith('/')) return { problem: 'is absolute' };
  if (/^[A-Za-z]:/.test(name)) return { problem: 'begins with a drive' };
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return { problem: 'leads upwards' };
  if (parts.length > maximumDepth) return { problem: `lies more than ${maximumDepth} directories deep` };
  if (parts.some((part) => Buffer.byteLength(part) > NAME_MAX)) return { problem: 'is too long' };
  return { path: parts.join('/') };
}

/**
 * Whether a symbolic link at `path` may point to `target`. `..` may stand only at the beginning, and not more often than
 * `path` has directories above it: those are real directories, so the climb ends inside. Behind a name nothing climbs,
 * so what that name is, be it another link, leads on from inside.
 */
export function checkLinkTarget(path: string, target: string): { readonly problem?: string } {
  if (target === '') return { problem: 'leads nowhere' };
  if (target.includes('\0')) return { problem: 'holds a NUL byte' };
  if (target.includes('\\')) return { problem: 'holds a backslash' };
  if (target.startsWith('/')) return { problem: 'leads to an absolute path' };
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const names = parts.findIndex((part) => part !== '..');
  const climbs = names < 0 ? parts.length : names;
  if (parts.slice(climbs).includes('..')) return { problem: 'climbs behind a name' };
  if (climbs > path.split('/').length - 1) return { problem: 'leads outside of the package' };
  return {};
}
