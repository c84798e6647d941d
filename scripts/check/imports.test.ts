import { describe, expect, test } from 'vitest';
import { packageRules } from './import-rules.ts';
import { circles, violations } from './imports.ts';
import { importsOf, type Package } from './sources.ts';

/** A workspace from sources written down here: `{ 'core/src/a.ts': "import './b.ts'" }`. */
function workspace(
  sources: Record<string, string>,
  manifests: Record<string, Partial<Package>> = {},
): Package[] {
  const names = new Set(Object.keys(sources).map((path) => path.split('/')[0] ?? ''));
  return [...names].map((name) => ({
    name,
    exports: ['.'],
    dependencies: [],
    devDependencies: [],
    ...manifests[name],
    files: Object.entries(sources)
      .filter(([path]) => path.startsWith(`${name}/`))
      .map(([path, source]) => {
        const inside = path.slice(name.length + 1);
        return { path: inside, imports: importsOf(inside, source) };
      }),
  }));
}

const rules = {
  packages: {
    core: { purpose: 'pure things', mayImport: [], builtins: ['node:crypto'] },
    thin: { purpose: 'thin things', mayImport: ['wire/.'] },
    shell: { purpose: 'the doing', mayImport: ['core', 'wire/messages'] },
    wire: { purpose: 'the wire', mayImport: [] },
  },
  soleImporters: { ssh2: 'wire' },
};
const shellManifest = { shell: { dependencies: ['@argonaut/core', '@argonaut/wire', 'fastify'] } };

function complaints(
  sources: Record<string, string>,
  manifests: Record<string, Partial<Package>> = shellManifest,
) {
  return violations(workspace(sources, manifests), rules);
}

describe('reading imports', () => {
  test('finds statements, re-exports, expressions and types, with their lines', () => {
    const source = [
      "import type { A } from './a.ts';",
      "import b, { type C } from './b.ts';",
      "export * from './c.ts';",
      "export type { D } from './d.ts';",
      "const e = await import('./e.ts');",
      "type F = import('./f.ts').F;",
      "import './g.css';",
      "// import './comment.ts'",
    ].join('\n');
    expect(importsOf('x.ts', source)).toEqual([
      { specifier: './a.ts', typeOnly: true, line: 1 },
      { specifier: './b.ts', typeOnly: false, line: 2 },
      { specifier: './c.ts', typeOnly: false, line: 3 },
      { specifier: './d.ts', typeOnly: true, line: 4 },
      { specifier: './e.ts', typeOnly: false, line: 5 },
      { specifier: './f.ts', typeOnly: true, line: 6 },
      { specifier: './g.css', typeOnly: false, line: 7 },
    ]);
  });

  test('names a file that cannot be parsed', () => {
    expect(() => importsOf('broken.ts', 'import {')).toThrow(/broken\.ts cannot be parsed/);
  });
});

describe('between packages', () => {
  test('an arrow of the table is allowed', () => {
    expect(complaints({ 'shell/src/a.ts': "import '@argonaut/core';", 'core/src/a.ts': '' })).toEqual([]);
  });

  test('any other arrow is reported with what is allowed', () => {
    const [line] = complaints({ 'shell/src/a.ts': '', 'wire/src/a.ts': "\nimport '@argonaut/shell';" });
    expect(line).toBe(
      "packages/wire/src/a.ts:2: wire (the wire) may not import '@argonaut/shell'; it may import: no other package",
    );
  });

  test('a part of a package does not open the rest of it', () => {
    const manifests = { ...shellManifest, wire: { exports: ['.', './messages', './messages/*'] } };
    const importing = (specifier: string) =>
      complaints({ 'shell/src/a.ts': `import '${specifier}';`, 'wire/src/a.ts': '' }, manifests);
    expect(importing('@argonaut/wire/messages')).toEqual([]);
    expect(importing('@argonaut/wire/messages/hello')).toEqual([]);
    expect(importing('@argonaut/wire')).toHaveLength(1);
  });

  test('the root of a package does not open its parts', () => {
    const manifests = { thin: { dependencies: ['@argonaut/wire'] }, wire: { exports: ['.', './messages'] } };
    const importing = (specifier: string) =>
      complaints({ 'thin/src/a.ts': `import '${specifier}';`, 'wire/src/a.ts': '' }, manifests);
    expect(importing('@argonaut/wire')).toEqual([]);
    expect(importing('@argonaut/wire/messages')).toHaveLength(1);
  });

  test('only exports can be imported, not the files behind them', () => {
    const past = { 'shell/src/a.ts': "import '@argonaut/core/src/a.ts';", 'core/src/a.ts': '' };
    expect(complaints(past)[0]).toContain('is not an export of packages/core/package.json');
    const around = { 'shell/src/a.ts': "import '../../core/src/a.ts';", 'core/src/a.ts': '' };
    expect(complaints(around)[0]).toContain('leaves the package');
  });

  test('a package that the table does not know is reported', () => {
    expect(complaints({ 'novel/src/a.ts': '' })[0]).toContain('packages/novel: not in');
  });

  test('a circle is reported even where the table would allow it', () => {
    const open = { purpose: '', mayImport: ['core', 'shell'] };
    const packages = workspace(
      { 'core/src/a.ts': "import '@argonaut/shell';", 'shell/src/a.ts': "import '@argonaut/core';" },
      { core: { dependencies: ['@argonaut/shell'] }, ...shellManifest },
    );
    expect(violations(packages, { packages: { core: open, shell: open }, soleImporters: {} })).toEqual([
      'packages import each other in a circle: core → shell → core',
    ]);
  });
});

describe('libraries', () => {
  test('must be declared by the package that imports them', () => {
    expect(complaints({ 'shell/src/a.ts': "import 'fastify';" })).toEqual([]);
    expect(complaints({ 'shell/src/a.ts': "import '@fastify/cors/x';" })[0]).toContain(
      "'@fastify/cors' is not among the dependencies",
    );
  });

  test('a sole importer keeps its library for itself', () => {
    expect(complaints({ 'shell/src/a.ts': "import 'ssh2';" })[0]).toContain('imported by wire alone');
    expect(complaints({ 'wire/src/a.ts': "import 'ssh2';" }, { wire: { dependencies: ['ssh2'] } })).toEqual(
      [],
    );
  });

  test('a pure package may name the types of Node, and use only what its list allows', () => {
    expect(complaints({ 'core/src/a.ts': "import type { Readable } from 'node:stream';" })).toEqual([]);
    expect(complaints({ 'core/src/a.ts': "import 'node:crypto';" })).toEqual([]);
    expect(complaints({ 'core/src/a.ts': "import 'node:fs';" })[0]).toContain('does no I/O');
    expect(complaints({ 'core/src/a.ts': "import 'fs';" })[0]).toContain('does no I/O');
  });
});

describe('between files', () => {
  test('a circle is reported, also one of types only', () => {
    const circle = { 'core/src/a.ts': "import './b.ts';", 'core/src/b.ts': "import './deep/c.ts';" };
    const back = (how: string) => ({ ...circle, 'core/src/deep/c.ts': `${how} from '../a.ts';` });
    for (const how of ['import { a }', 'import type { A }']) {
      expect(complaints(back(how))).toEqual([
        'packages/core: files import each other in a circle: src/a.ts → src/b.ts → src/deep/c.ts → src/a.ts',
      ]);
    }
  });
});

test('the table itself has no circles and names only packages that it has', () => {
  const arrows = Object.entries(packageRules).map(([name, { mayImport }]) => {
    return [name, mayImport.map((entry) => entry.split('/')[0] ?? '')] as const;
  });
  expect(circles(new Map(arrows))).toEqual([]);
  expect(Object.keys(packageRules)).toEqual(expect.arrayContaining(arrows.flatMap(([, targets]) => targets)));
});
