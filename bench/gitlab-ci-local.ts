/**
 * `gitlab-ci-local` beside us: the same steps as a pipeline of one job a stage, run by its docker executor on the same engine.
 *
 * It is measured at its best: images are present, nothing is asked of a registry, the schema of the pipeline is not checked, and its
 * helper is an image that is there already. What it does and we do not (two volumes a job, into which the project's files are copied) is how
 * it works, and a part of its time.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const PROGRAM = join(root, 'node_modules/gitlab-ci-local/dist/index.js');
const RUN_WITHIN_MS = 300_000;

export class GitlabCiLocal implements AsyncDisposable {
  readonly #directory: string;
  readonly #image: string;

  private constructor(directory: string, image: string) {
    this.#directory = directory;
    this.#image = image;
  }

  /** Makes a repository with the pipeline. Installs rsync where it is missing: the program cannot do without. */
  static async create(image: string, scripts: readonly string[]): Promise<GitlabCiLocal> {
    await run('sh', [join(root, 'scripts/machine/install.sh'), 'rsync']);
    const directory = await mkdtemp(join(tmpdir(), 'argonaut-rival-'));
    const jobs = scripts.map((script, nth) => [
      `job-${nth}`,
      { stage: `stage-${nth}`, image, script: [script] },
    ]);
    // YAML contains JSON.
    const pipeline = { stages: scripts.map((_, nth) => `stage-${nth}`), ...Object.fromEntries(jobs) };
    await writeFile(join(directory, '.gitlab-ci.yml'), JSON.stringify(pipeline));
    const git = (...words: string[]) => run('git', words, { cwd: directory });
    await git('init', '--quiet', '--initial-branch=main');
    await git('remote', 'add', 'origin', 'https://example.invalid/measured/project.git');
    await git('add', '.');
    await git(
      '-c',
      'user.name=bench',
      '-c',
      'user.email=bench@example.invalid',
      'commit',
      '--quiet',
      '-m',
      'it',
    );
    return new GitlabCiLocal(directory, image);
  }

  /** The whole pipeline once. Rejects with what it wrote when a job fails. */
  async run(): Promise<{ readonly ms: number; readonly text: string }> {
    const began = performance.now();
    const words = ['--pull-policy', 'if-not-present', '--helper-image', this.#image];
    const { stdout, stderr } = await run(
      process.execPath,
      [PROGRAM, ...words, '--no-json-schema-validation'],
      {
        cwd: this.#directory,
        timeout: RUN_WITHIN_MS,
        env: { ...process.env, NO_COLOR: '1' },
      },
    );
    return { ms: performance.now() - began, text: stdout + stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}
