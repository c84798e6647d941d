/** What `/proc` tells about a process. Everything may vanish while it is read. */
import * as fs from 'node:fs/promises';

/** Start time in clock ticks since boot; `undefined` when there is no such process, or only its remains (a zombie). */
export async function startTicksOf(pid: number): Promise<number | undefined> {
  let text: string;
  try {
    text = await fs.readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field, the name, may contain anything; fields are counted from its closing bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : Number(fields[19]);
}

/** False also for processes of other users, whose environment is closed to us. */
export async function environmentContains(pid: number, variable: string): Promise<boolean> {
  try {
    const bytes = await fs.readFile(`/proc/${pid}/environ`);
    return bytes.toString('utf8').split('\0').includes(variable);
  } catch {
    return false;
  }
}
