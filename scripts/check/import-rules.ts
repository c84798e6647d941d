/**
 * Who may import whom, as data; `imports.ts` holds every import of every package against it. There are no
 * other arrows and no circles.
 */

export interface PackageRule {
  /** What the package is for; shown when a rule is broken, since it tells where the code belongs. */
  readonly purpose: string;
  /**
   * Other packages of ours, as `name` (all that it exports), `name/part` (that export and what lies below), or
   * `name/.` (its root export alone).
   */
  readonly mayImport: readonly string[];
  /** Node's built-in modules that it may use; absent means all. Packages that do no I/O have a short list. */
  readonly builtins?: readonly string[];
}

/** The root export of contracts holds the words that all share: errors with a kind, and secrets. */
const SHARED_WORDS = 'contracts/.';

export const packageRules: Readonly<Record<string, PackageRule>> = {
  contracts: {
    purpose: 'the shared language: resources, attempts, agent messages',
    mayImport: [],
    builtins: [],
  },
  // Its filters offer hashes.
  templates: { purpose: 'the #{…} language', mayImport: [], builtins: ['node:crypto', 'node:module'] },
  orchestrator: {
    purpose: 'what runs next and why, as pure functions',
    mayImport: [SHARED_WORDS, 'contracts/attempt', 'templates'],
    builtins: ['node:crypto'],
  },
  init: { purpose: 'argonaut-init: source, binaries, and their verification', mayImport: [] },
  runner: {
    purpose: 'runs one attempt on one host and can pick it up again',
    // Values are put into the files of a step where those files are.
    mayImport: [SHARED_WORDS, 'contracts/attempt', 'templates', 'init'],
  },
  ssh: { purpose: "the runner's ports over one SSH connection", mayImport: [SHARED_WORDS, 'runner/ports'] },
  agent: { purpose: 'the runner behind mutual TLS', mayImport: ['contracts', 'runner'] },
  server: {
    purpose: 'everything that needs the database',
    mayImport: ['contracts', 'templates', 'orchestrator', 'init', 'runner', 'ssh'],
  },
  web: { purpose: 'the browser app; knows only contracts and HTTP', mayImport: ['contracts'], builtins: [] },
  cli: {
    purpose: 'the argonaut command, thin',
    mayImport: ['server', 'agent', 'runner', 'orchestrator', 'contracts'],
  },
};

/** Libraries that only one package may import, so that what they do stays behind that package's door. */
export const soleImporters: Readonly<Record<string, string>> = { ssh2: 'ssh' };
