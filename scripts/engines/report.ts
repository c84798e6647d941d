/** What a run against engines found, as a page. Pure. */

export interface FileResult {
  /** Relative to the root of the project. */
  readonly file: string;
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: number;
}

export interface EngineFacts {
  readonly version: string;
  readonly api: string;
  /** As `docker info` names it. */
  readonly driver: string;
  readonly containerd: string;
  readonly runc: string;
  readonly kernel: string;
}

export interface EngineRun {
  /** `containerd` or `classic`. */
  readonly store: string;
  readonly facts: EngineFacts;
  readonly results: readonly FileResult[];
}

/** One call of `npm run test:engines`. */
export interface EnginesRun {
  readonly commit: string;
  readonly machine: string;
  readonly began: Date;
  readonly minutes: number;
  /** Engines that the machine cannot have, in words. */
  readonly skipped: readonly string[];
  readonly runs: readonly EngineRun[];
}

/** Vitest's JSON report, as far as it is read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** A file that fails before its first test counts as a failure, not as nothing. */
export function resultsOf(report: VitestReport, root: string): FileResult[] {
  return report.testResults.map(({ name, message, assertionResults: tests }) => {
    const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
    const broken = tests.length === 0 ? [`the whole file: ${message ?? 'no tests'}`] : [];
    return {
      file: name.startsWith(root) ? name.slice(root.length).replace(/^\//, '') : name,
      passed: tests.filter(({ status }) => status === 'passed').length,
      failed: [...failed, ...broken],
      skipped: tests.filter(({ status }) => status !== 'passed' && status !== 'failed').length,
    };
  });
}

export function isGood(runs: readonly EngineRun[]): boolean {
  return (
    runs.length > 0 &&
    runs.every(({ results }) => results.length > 0 && results.every(({ failed }) => failed.length === 0))
  );
}

/** @param differences what is known to differ between engines, and what is done about it: Markdown, kept by hand */
export function page(run: EnginesRun, differences: string): string {
  const { commit, machine, began, minutes, skipped, runs } = run;
  const rows = runs.flatMap(({ facts, store, results }) =>
    results.map(
      ({ file, passed, failed, skipped }) =>
        `| Docker ${facts.version}, ${store} | ${file} | ${passed} | ${failed.length} | ${skipped} |`,
    ),
  );
  const engines = runs.map(
    ({ store, facts }) =>
      `| Docker ${facts.version} | ${facts.api} | ${store} (\`${facts.driver}\`) | ${facts.containerd} | ${facts.runc} | ${facts.kernel} |`,
  );
  const failures = runs.flatMap(({ facts, store, results }) =>
    results.flatMap(({ file, failed }) =>
      failed.map((name) => `- Docker ${facts.version}, ${store}, ${file}: ${name}`),
    ),
  );
  return [
    '# Engines',
    '',
    'Written by `npm run test:engines`: the contracts of engines and of the runner, every script form in every kind of image',
    '(`conformance`), and all else that the runner promises of an engine, against the Dockers of today with each of their image',
    "stores. The engines lie in folders and run in namespaces of their own; `npm test` runs the same files against the machine's",
    'own engine.',
    '',
    '| | |',
    '|---|---|',
    `| commit | ${commit} |`,
    `| machine | ${machine} |`,
    `| began | ${began.toISOString()}, ${minutes.toFixed(1)} minutes |`,
    ...skipped.map((what) => `| skipped on this machine | ${what} |`),
    '',
    '| engine | API | image store | containerd | runc | kernel |',
    '|---|---|---|---|---|---|',
    ...engines,
    '',
    '| engine | file | passed | failed | skipped |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    ...(failures.length === 0 ? [] : ['Failed:', '', ...failures, '']),
    differences.trim(),
    '',
  ].join('\n');
}
