/** What is wrong with a package file. */
import { Invalid } from '@argonaut/contracts';

/** The archive is damaged, of a kind that is not known, or tries what no archive may. Nothing of it is left. */
export class PackageRefused extends Invalid {
  /** @param reason a clause without a full stop, such as `its entry "../x" leads outside` */
  constructor(packageName: string, reason: string, next = 'Build the package again and push it.') {
    super(`The package "${packageName}" cannot be unpacked: ${reason}. ${next}`);
  }
}

/** A name from an archive as it may stand in a message: printable, and not endless. */
export function shown(name: string): string {
  const printable = name.replaceAll(/[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/g, '?');
  return printable.length > 120 ? `${printable.slice(0, 119)}…` : printable;
}
