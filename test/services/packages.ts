/** Debian packages that a test service needs, installed when they are missing. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const INSTALL_DEADLINE_MS = 300_000;

/** @throws when they are missing and cannot be installed; the message says what to do */
export async function requirePackages(...packages: string[]): Promise<void> {
  const script = join(import.meta.dirname, '../../scripts/machine/install.sh');
  try {
    await promisify(execFile)('sh', [script, ...packages], { timeout: INSTALL_DEADLINE_MS });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(stderr?.trim() || `${script} ${packages.join(' ')} failed: ${String(error)}`);
  }
}
