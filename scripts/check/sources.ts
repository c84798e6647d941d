/**
 * Reads what the import check looks at: each package's manifest, its source files, and the imports of each
 * file. Tests are left out; they may reach for whatever they specify.
 */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'vite';

export interface Import {
  /** As written: `./a.ts`, `@argonaut/runner/ports`, `node:fs`, `fastify`. */
  readonly specifier: string;
  /** Gone when the types are stripped: cannot make a circle at run time. */
  readonly typeOnly: boolean;
  /** Counted from 1. */
  readonly line: number;
}

export interface SourceFile {
  /** Relative to the package, with `/`. */
  readonly path: string;
  readonly imports: readonly Import[];
}

export interface Package {
  /** The folder under packages/, which is also the name after `@argonaut/`. */
  readonly name: string;
  /** The keys of `exports`: `.`, `./ports`, `./parts/*`. */
  readonly exports: readonly string[];
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly files: readonly SourceFile[];
}

/** Every package of the workspace at `root`. */
export async function readPackages(root: string): Promise<Package[]> {
  const packages: Package[] = [];
  for await (const manifest of glob('packages/*/package.json', { cwd: root })) {
    packages.push(await readPackage(join(root, dirname(manifest))));
  }
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readPackage(directory: string): Promise<Package> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  const files: SourceFile[] = [];
  const skipped = new Set(['node_modules', 'dist', 'test']);
  const found = glob('**/*.{ts,tsx}', {
    cwd: directory,
    exclude: (name: string) => skipped.has(name) || /\.test\.tsx?$/.test(name),
  });
  for await (const path of found) {
    files.push({ path, imports: importsOf(path, await readFile(join(directory, path), 'utf8')) });
  }
  return {
    name: relative(dirname(directory), directory),
    exports: Object.keys(manifest.exports ?? {}),
    dependencies: Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    }),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** All imports of a file: statements, re-exports, `import('…')` as expression and as type. */
export function importsOf(path: string, source: string): Import[] {
  const { module, program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const imports: (Omit<Import, 'line'> & { start: number })[] = [];
  for (const { moduleRequest, entries, start } of module.staticImports) {
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    imports.push({ specifier: moduleRequest.value, typeOnly, start });
  }
  for (const { entries, start } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest) imports.push({ specifier: moduleRequest.value, typeOnly: isType, start });
    }
  }
  walk(program, (node) => {
    if (node.type !== 'ImportExpression' && node.type !== 'TSImportType') return;
    const { value } = node.source as { value?: unknown };
    if (typeof value !== 'string') return;
    imports.push({ specifier: value, typeOnly: node.type === 'TSImportType', start: node.start });
  });
  return imports
    .sort((a, b) => a.start - b.start)
    .map(({ start, ...rest }) => ({ ...rest, line: source.slice(0, start).split('\n').length }));
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value && 'start' in value) visit(value as Node);
  for (const child of Object.values(value)) walk(child, visit);
}
