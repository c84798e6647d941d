/** The system's Chromium (Debian's `chromium`), for tests that look at pages as a person would. */
import { access } from 'node:fs/promises';
import { requirePackages } from './packages.ts';

export interface ChromiumProgram {
  readonly executable: string;
  /** What a headless run in a test needs: no sandbox for root, nothing asked of the internet. */
  readonly args: readonly string[];
}

export async function findChromium(): Promise<ChromiumProgram> {
  await requirePackages('chromium');
  const executable = '/usr/bin/chromium';
  await access(executable);
  return {
    executable,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  };
}
