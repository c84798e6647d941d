/**
 * Opening a file without following a link that somebody else may put there at any moment. SFTP has no such open; so a
 * shell opens the file and asks the kernel what it got (`/proc/self/fd/3`), and only then it is used. Needs nothing but
 * a POSIX shell, `readlink` and `head`.
 */
import { dirname } from 'node:path';
import { quote } from './quote.ts';

/** Ends with this code when the file, or its directory, is not there. */
export const missingCode = 44;
/** Ends with this code when what was opened is not what the path names. */
export const notThatFileCode = 45;

/** Leaves the verified file open as descriptor 3. The last part of the path is the only one that strangers can change. */
export function openVerified(path: string): string {
  const directory = dirname(path);
  const name = path.slice(directory.length === 1 ? 1 : directory.length + 1);
  return [
    `cd -P ${quote(directory)} 2>/dev/null || exit ${missingCode}`,
    `[ -e ${quote(`./${name}`)} ] || exit ${missingCode}`,
    `exec 3<${quote(`./${name}`)}`,
    `[ "$(readlink /proc/self/fd/3)" = "$(pwd -P)"/${quote(name)} ] || exit ${notThatFileCode}`,
  ].join('\n');
}

/** Prints the file, at most `maxBytes` of it. */
export function readVerified(path: string, maxBytes: number): string {
  return `${openVerified(path)}\nhead -c ${maxBytes} <&3`;
}

/** Prints under which path the open file can be opened again as long as the script waits. Opening `stat` itself, a shell learns its own number. */
export function holdVerified(path: string): string {
  return `${openVerified(path)}\nread -r pid _ </proc/self/stat\nprintf '/proc/%s/fd/3\\n' "$pid"`;
}
