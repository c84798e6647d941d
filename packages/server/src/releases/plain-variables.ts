/** A project's variables as far as they have a value without an environment: what version templates may use. */
import { resolveVariables } from '@argonaut/templates';
import type { Stored } from '../database/index.ts';
import type { Project } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { definitionsOf } from '../variables/definitions.ts';
import { variableSetsIn, variableSetsOf } from '../variables/index.ts';

/** Those without a scope and those of the channel. Secrets are not among them: a version is for everybody to see. */
export async function plainVariables(
  { database }: Pick<Services, 'database'>,
  project: Stored<Project>,
  channelId: string,
): Promise<Record<string, string>> {
  const sets = variableSetsIn(database);
  const found = await Promise.all(variableSetsOf(project).map((id) => sets.find(id, project.spaceId)));
  const definitions = definitionsOf(found.filter((set) => set !== undefined));
  const usable = definitions.filter((each) => !each.sensitive && each.strangeScope === undefined);
  const { explanation } = resolveVariables(usable, { channel: channelId });
  return Object.fromEntries(
    explanation.flatMap(({ winner }) =>
      typeof winner?.variable.value === 'string' ? [[winner.variable.name, winner.variable.value]] : [],
    ),
  );
}
