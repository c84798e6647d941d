/**
 * The directory of one staging: a place of its own, with an unguessable name, never used twice. A container that outlives
 * its removal can then write into nobody's directory but its own.
 *
 * ```
 * <data>/attempts/                0700 only the worker's user may enter
 *   <attempt>.<random>/           0711
 *     a/                          0777 the attempt directory, mounted at /argonaut: started, ctl, log, log.idx, exit, held
 *       work/                     0777 the step's directory
 *       home/                     0777 HOME for users that the image gives none
 *     originals/                  0700 files of packages as they were before values were put into them
 *     services/<name>/            0711 the same for each service beside the step
 * ```
 */
import { attemptFiles } from '@argonaut/init';
import type { Files } from '../ports/files.ts';

export const attemptsFolder = 'attempts';

/** Name of the step's directory within the attempt directory. */
export const workFolder = 'work';

/** Name of the directory that is HOME where there is no other. */
export const homeFolder = 'home';

const servicesFolder = 'services';

export class StagingDirectory {
  /** Absolute path on the worker, as the runner sees it. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** What is below the attempts folder. On a container as its label it tells whose it is. */
  get name(): string {
    const above = `/${attemptsFolder}/`;
    const at = this.root.lastIndexOf(above);
    return at < 0 ? this.root : this.root.slice(at + above.length);
  }

  /** That of a service beside this attempt. */
  service(name: string): StagingDirectory {
    return new StagingDirectory(`${this.root}/${servicesFolder}/${name}`);
  }

  /** The services' folder, which is there only if there are any. */
  get services(): string {
    return `${this.root}/${servicesFolder}`;
  }

  get attempt(): string {
    return `${this.root}/a`;
  }

  get work(): string {
    return `${this.attempt}/${workFolder}`;
  }

  get originals(): string {
    return `${this.root}/originals`;
  }

  get control(): string {
    return `${this.attempt}/${attemptFiles.control}`;
  }

  get log(): string {
    return `${this.attempt}/${attemptFiles.log}`;
  }

  get index(): string {
    return `${this.attempt}/${attemptFiles.index}`;
  }

  get exit(): string {
    return `${this.attempt}/${attemptFiles.exit}`;
  }

  get held(): string {
    return `${this.attempt}/${attemptFiles.held}`;
  }

  get started(): string {
    return `${this.attempt}/${attemptFiles.started}`;
  }

  async make(files: Files, signal: AbortSignal): Promise<void> {
    await files.makeDirectory(this.root, 0o711, signal);
    await files.makeDirectory(this.attempt, 0o777, signal);
    await Promise.all([
      files.makeDirectory(this.work, 0o777, signal),
      files.makeDirectory(`${this.attempt}/${homeFolder}`, 0o777, signal),
    ]);
  }
}
