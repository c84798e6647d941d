/** The package that attempts of the crash test begin with, and what is put into its files, one a sensitive value. */
import { createHash } from 'node:crypto';
import type { FileConfiguration, PackageRequest } from '@argonaut/contracts/attempt';
import { zip } from '../packages/archives.ts';

const archive = zip([
  { name: 'plain.txt', body: '##{A} #{A}\n' },
  { name: 'secret.txt', body: 'length #{S}\n' },
]);

export const crashPackage: PackageRequest = {
  packageId: 'Acme.Crash',
  version: '1.0.0',
  extension: '.zip',
  sha256: createHash('sha256').update(archive).digest('hex'),
  extract: true,
  sizeBytes: archive.length,
  async *content() {
    yield archive;
  },
};

/** Where it lies is `web/` in the step's directory. */
export const crashConfiguration: FileConfiguration = {
  variables: { A: 'value', S: 'sensitive' },
  sensitive: ['S'],
  nowMs: 0,
  substitute: { targets: 'web/*', failOnUnresolved: true, warnOfNoMatch: true },
};

/** What `cat web/*` prints: an escaped template that was worked on twice would have become a value. */
export const crashContents = '#{A} value\nlength sensitive\n';
