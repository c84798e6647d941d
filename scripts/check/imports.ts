/**
 * `npm run check:imports`: every import of every package against `import-rules.ts`. Reports what is imported
 * without right, past a package's exports, or without being declared, and every circle.
 */
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { type PackageRule, packageRules, soleImporters } from './import-rules.ts';
import { type Import, type Package, readPackages, type SourceFile } from './sources.ts';

const SCOPE = '@argonaut/';

interface Rules {
  readonly packages: Readonly<Record<string, PackageRule>>;
  readonly soleImporters: Readonly<Record<string, string>>;
}

/** One line for each violation: where, what, why, and what is right instead. */
export function violations(packages: readonly Package[], rules: Rules): string[] {
  const found: string[] = [];
  for (const one of packages) {
    const rule = rules.packages[one.name];
    if (!rule) {
      found.push(`packages/${one.name}: not in scripts/check/import-rules.ts; say there what it may import`);
      continue;
    }
    for (const file of one.files) {
      for (const imported of file.imports) {
        const complaint = complaintAbout(imported, file, one, rule, packages, rules);
        if (complaint) found.push(`packages/${one.name}/${file.path}:${imported.line}: ${complaint}`);
      }
    }
    for (const circle of circles(fileGraph(one))) {
      found.push(`packages/${one.name}: files import each other in a circle: ${circle.join(' → ')}`);
    }
  }
  for (const circle of circles(packageGraph(packages))) {
    found.push(`packages import each other in a circle: ${circle.join(' → ')}`);
  }
  return found;
}

function complaintAbout(
  { specifier, typeOnly }: Import,
  file: SourceFile,
  one: Package,
  rule: PackageRule,
  packages: readonly Package[],
  rules: Rules,
): string | undefined {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file.path), specifier);
    if (!target.startsWith('..')) return undefined;
    return `'${specifier}' leaves the package; import another package by its name`;
  }
  if (isBuiltin(specifier)) {
    if (!rule.builtins || typeOnly || rule.builtins.includes(specifier)) return undefined;
    return `'${specifier}' in ${one.name}, which does no I/O (${rule.purpose}); pass in what is needed`;
  }
  if (specifier.startsWith(SCOPE)) return complaintAboutOurs(specifier, one, rule, packages);
  const library = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const sole = rules.soleImporters[library];
  if (sole && sole !== one.name) return `'${library}' is imported by ${sole} alone; use what ${sole} offers`;
  const inSource = file.path.startsWith('src/');
  const declared = [...one.dependencies, ...(inSource && !typeOnly ? [] : one.devDependencies)];
  if (declared.includes(library)) return undefined;
  return `'${library}' is not among the dependencies of packages/${one.name}/package.json`;
}

function complaintAboutOurs(
  specifier: string,
  one: Package,
  rule: PackageRule,
  packages: readonly Package[],
) {
  const wanted = specifier.slice(SCOPE.length);
  const name = wanted.split('/')[0] ?? '';
  const target = packages.find((candidate) => candidate.name === name);
  if (!target) return `there is no package '${SCOPE}${name}'`;
  const allowed = rule.mayImport.some(
    (entry) => wanted === entry.replace(/\/\.$/, '') || wanted.startsWith(`${entry}/`),
  );
  if (name !== one.name && !allowed) {
    const may = rule.mayImport.length > 0 ? rule.mayImport.join(', ') : 'no other package';
    return `${one.name} (${rule.purpose}) may not import '${specifier}'; it may import: ${may}`;
  }
  const key = wanted === name ? '.' : `.${wanted.slice(name.length)}`;
  if (!target.exports.some((pattern) => matches(pattern, key))) {
    return `'${specifier}' is not an export of packages/${name}/package.json (it has ${target.exports.join(' ')})`;
  }
  if (name !== one.name && !one.dependencies.includes(`${SCOPE}${name}`)) {
    return `'${SCOPE}${name}' is not among the dependencies of packages/${one.name}/package.json`;
  }
  return undefined;
}

/** Export keys may hold one star, which stands for anything. */
function matches(pattern: string, key: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return pattern === key;
  return key.startsWith(before) && key.endsWith(after) && key.length >= before.length + after.length;
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** Between the files of one package. Imports of types count: whoever reads one file must read the other. */
function fileGraph({ files }: Package): Graph {
  const graph = new Map<string, string[]>();
  for (const { path, imports } of files) {
    const relative = imports.filter(({ specifier }) => specifier.startsWith('.'));
    graph.set(
      path,
      relative.map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
    );
  }
  return graph;
}

/** Imports of types count here too: they decide what can be read and published by itself. */
function packageGraph(packages: readonly Package[]): Graph {
  const graph = new Map<string, string[]>();
  for (const { name, files } of packages) {
    const targets = files
      .flatMap(({ imports }) => imports)
      .filter(({ specifier }) => specifier.startsWith(SCOPE))
      .map(({ specifier }) => specifier.slice(SCOPE.length).split('/')[0] ?? '');
    graph.set(
      name,
      [...new Set(targets)].filter((target) => target !== name),
    );
  }
  return graph;
}

/** Circles as closed paths, each found once: `a → b → a`. */
export function circles(graph: Graph): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (node: string, path: string[]) => {
    const at = path.indexOf(node);
    if (at >= 0) {
      found.push([...path.slice(at), node]);
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}

if (import.meta.main) {
  const packages = await readPackages(join(import.meta.dirname, '../..'));
  const found = violations(packages, { packages: packageRules, soleImporters });
  for (const violation of found) console.error(violation);
  const files = packages.reduce((count, one) => count + one.files.length, 0);
  console.log(`imports: ${files} files in ${packages.length} packages, ${found.length} violations`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
