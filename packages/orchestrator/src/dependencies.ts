/**
 * Which outputs a template may read, directly or through the variables that it names. Used to decide what may be
 * staged before its turn, so every doubt counts as a dependency: a wrong "yes" costs milliseconds, a wrong "no" would
 * stage with a stale value.
 */
import type { Variables } from './plan-types.ts';

export interface Reads {
  /** Names of the actions whose outputs are read, lower case. */
  readonly outputsOf: readonly string[];
  /** Present: what is read cannot be told from the text; the sentence says why. */
  readonly unknowable?: string;
}

const EXPRESSION = /#\{[^{}]*\}/g;
const NESTED = /#\{[^{}]*#\{/;
const OUTPUT_OF = /octopus\.action\[([^\]#{}]*)\]\.output/g;
/** Known only when a worker has been taken, or to the plan as a whole. */
const AT_ITS_TURN = /octopus\.worker\.|octopus\.workerpool\.name|octopus\.action\[[^\]]*\]\.(?!output)/;
/** Loops over all actions, steps or status values: they change with every step that ends. */
const MOVING =
  /octopus\.action\s*[|}]|octopus\.action\[#|in\s+octopus\.action|octopus\.step|octopus\.deployment\.error|\.status\./;

/** Follows the names in `templates` through `variables` to everything that evaluation could read. */
export function readsOf(templates: readonly string[], variables: Variables): Reads {
  const outputsOf = new Set<string>();
  const pending = templates.filter((text) => text.includes('#{'));
  if (pending.length === 0) return { outputsOf: [] };

  const names = Object.keys(variables).map((name) => ({ name, lower: name.toLowerCase() }));
  const seen = new Set<string>();
  for (let text = pending.pop(); text !== undefined; text = pending.pop()) {
    const lower = text.toLowerCase();
    if (NESTED.test(lower) && mentionsOutputs(variables)) {
      return { outputsOf: [], unknowable: `"${text}" computes a variable's name` };
    }
    if (MOVING.test(lower)) {
      return { outputsOf: [], unknowable: `"${text}" reads how earlier steps ended` };
    }
    if (AT_ITS_TURN.test(lower)) {
      return { outputsOf: [], unknowable: `"${text}" reads what is known when its turn comes` };
    }
    for (const match of lower.matchAll(OUTPUT_OF)) outputsOf.add((match[1] ?? '').trim());

    const expressions = (lower.match(EXPRESSION) ?? [lower]).join('\n');
    for (const { name, lower: candidate } of names) {
      if (seen.has(name) || !expressions.includes(candidate)) continue;
      seen.add(name);
      const value = variables[name];
      if (value?.includes('#{')) pending.push(value);
    }
  }
  return { outputsOf: [...outputsOf] };
}

function mentionsOutputs(variables: Variables): boolean {
  return Object.values(variables).some((value) => value !== null && /octopus\.(action|step)/i.test(value));
}
