/**
 * Environments and channels that a process or its variables name and that do not exist: a step that is meant for nothing
 * else never runs, a value never holds, and the task succeeds all the same. So each of its tasks says it.
 */
import type { ProcessSnapshot } from '@argonaut/orchestrator';
import type { Database } from '../../database/index.ts';
import { environmentsIn } from '../../environments/queries.ts';
import { channelsIn } from '../../projects/channels/queries.ts';
import { variableSetsIn } from '../../variables/queries.ts';

/** How many of those that name one unknown thing are listed. */
const MOST_LISTED = 10;

/** Who names what, by the id of what is named. */
type Named = Map<string, Set<string>>;

export interface NamingPlaces {
  readonly space: string;
  readonly process: ProcessSnapshot;
  /** Frozen variable sets. */
  readonly snapshots: readonly string[];
}

/** One sentence for each id that is unknown. */
export async function unknownPlaces(database: Database, naming: NamingPlaces): Promise<string[]> {
  const { space, process, snapshots } = naming;
  const environments: Named = new Map();
  const channels: Named = new Map();
  for (const step of process.steps) {
    for (const action of step.actions) {
      const who = `the step "${action.name}"`;
      add(environments, [...action.environments, ...action.excludedEnvironments], who);
      add(channels, action.channels, who);
    }
  }
  for (const id of snapshots) {
    const set = await variableSetsIn(database).find(id, space);
    for (const { Name, Scope } of set?.document.Variables ?? []) {
      const who = `the variable "${Name}"`;
      add(environments, Scope.Environment ?? [], who);
      add(channels, Scope.Channel ?? [], who);
    }
  }
  const known = async (things: typeof environmentsIn | typeof channelsIn, named: Named) => {
    if (named.size === 0) return new Set<string>();
    const found = await things(database).all({ space, ids: [...named.keys()] });
    return new Set(found.map(({ id }) => id));
  };
  return [
    ...sentences('environment', environments, await known(environmentsIn, environments)),
    ...sentences('channel', channels, await known(channelsIn, channels)),
  ];
}

function add(named: Named, ids: readonly string[], who: string): void {
  for (const id of ids) {
    const names = named.get(id) ?? new Set();
    named.set(id, names);
    names.add(who);
  }
}

function sentences(what: string, named: Named, known: ReadonlySet<string>): string[] {
  return [...named]
    .filter(([id]) => !known.has(id))
    .map(([id, who]) => {
      const more = who.size > MOST_LISTED ? ` and ${who.size - MOST_LISTED} more` : '';
      const list = [...who].slice(0, MOST_LISTED).join(', ') + more;
      return `The ${what} ${id} does not exist, but is named by ${list}. What is meant for it alone never applies: take it out, or name one that exists.`;
    });
}
