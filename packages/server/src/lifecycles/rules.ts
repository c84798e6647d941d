/** What must hold for lifecycles. */
import { randomUUID } from 'node:crypto';
import { Invalid } from '@argonaut/contracts';
import type { Phase, WritableLifecycle } from '@argonaut/contracts/rest';
import type { Database, Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { environmentsOf, type Lifecycle, lifecyclesIn } from './queries.ts';

/**
 * The phases as they are stored: each with an id. All complaints at once: unknown environments, an environment in two
 * phases, two phases of one name, a minimum that can never be reached.
 * @throws Invalid
 */
export async function acceptPhases(
  database: Database,
  space: string,
  phases: NonNullable<WritableLifecycle['Phases']>,
): Promise<Phase[]> {
  const named = phases.flatMap(environmentsOf);
  const known = new Set((await environmentsIn(database).all({ space, ids: named })).map(({ id }) => id));
  const names = phases.map((phase) => phase.Name.toLowerCase());
  const complaints = phases.flatMap((phase, index) => {
    const own = environmentsOf(phase);
    const elsewhere = new Set(phases.filter((other) => other !== phase).flatMap(environmentsOf));
    const minimum = phase.MinimumEnvironmentsBeforePromotion ?? 0;
    return [
      ...own
        .filter((id) => !known.has(id))
        .map((id) => `The phase "${phase.Name}" names the environment ${id}, which does not exist.`),
      ...own
        .filter((id) => elsewhere.has(id))
        .map((id) => `The environment ${id} is in the phase "${phase.Name}" and in another one.`),
      ...(names.indexOf(phase.Name.toLowerCase()) < index ? [`Two phases are named "${phase.Name}".`] : []),
      ...(own.length > 0 && minimum > own.length
        ? [
            `The phase "${phase.Name}" asks for ${minimum} environments before promotion, but has only ${own.length}.`,
          ]
        : []),
    ];
  });
  if (complaints.length > 0) {
    const all = [...new Set(complaints)];
    throw new Invalid(all.join(' '), { errors: all });
  }
  return phases.map((phase) => ({ ...phase, Id: phase.Id || randomUUID() }));
}

/** @throws Invalid for the last one of a space, and while projects or channels use it. */
export async function refuseRemoval(database: Database, stored: Stored<Lifecycle>): Promise<void> {
  const name = stored.document.Name;
  if ((await lifecyclesIn(database).count({ space: stored.spaceId })) === 1) {
    throw new Invalid(
      `"${name}" is the only lifecycle of its space; projects need one. Create another one first.`,
    );
  }
  const users = await database.query
    .selectFrom('document_index')
    .innerJoin('documents', (join) =>
      join
        .onRef('documents.kind', '=', 'document_index.kind')
        .onRef('documents.id', '=', 'document_index.id'),
    )
    .select(['documents.kind', 'documents.name'])
    .where('document_index.field', '=', 'Lifecycle')
    .where('document_index.value', '=', stored.id)
    .limit(5)
    .execute();
  if (users.length === 0) return;
  const list = users.map((user) => `${user.kind} "${user.name}"`).join(', ');
  throw new Invalid(`The lifecycle "${name}" is used by ${list}. Give them another lifecycle first.`);
}
