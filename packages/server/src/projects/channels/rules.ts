/** What must hold for channels: a project has exactly one default, and its releases keep theirs. */
import { randomUUID } from 'node:crypto';
import { Invalid } from '@argonaut/contracts';
import type { WritableChannel } from '@argonaut/contracts/rest';
import type { Stored } from '../../database/index.ts';
import { parsePattern } from '../../feeds/versions/pattern.ts';
import { parseRange } from '../../feeds/versions/range.ts';
import { fieldsOf } from '../../http/index.ts';
import { lifecyclesIn } from '../../lifecycles/queries.ts';
import { removeDependants } from '../../removal.ts';
import type { Services } from '../../services.ts';
import { projectsIn } from '../queries.ts';
import { type Channel, channelsIn } from './queries.ts';

/**
 * The channel as it is stored. A new default takes the place of the old one, in the same transaction.
 * @throws Invalid with every complaint
 */
export async function acceptChannel(
  { database }: Services,
  space: string,
  body: WritableChannel,
  stored: Stored<Channel> | undefined,
): Promise<Channel> {
  const complaints: string[] = [];
  const projectId = stored?.document.ProjectId ?? body.ProjectId;
  if (!(await projectsIn(database).find(projectId, space))) {
    complaints.push(`ProjectId: the project ${projectId} does not exist in this space.`);
  }
  if (body.ProjectId !== projectId) complaints.push('A channel cannot move to another project.');
  if (body.LifecycleId && !(await lifecyclesIn(database).find(body.LifecycleId, space))) {
    complaints.push(`LifecycleId: the lifecycle ${body.LifecycleId} does not exist in this space.`);
  }
  if (stored?.document.IsDefault && !body.IsDefault) {
    complaints.push(
      `"${body.Name}" is the default channel of its project. Make another channel the default instead.`,
    );
  }
  for (const rule of body.Rules ?? []) {
    if (rule.VersionRange) collect(complaints, () => parseRange(rule.VersionRange ?? ''));
    if (rule.Tag) collect(complaints, () => parsePattern(rule.Tag ?? ''));
  }
  if (complaints.length > 0) throw new Invalid(complaints.join(' '), { errors: complaints });
  const channels = channelsIn(database);
  const others = (await channels.all({ space, parent: projectId })).filter(({ id }) => id !== stored?.id);
  const isDefault = body.IsDefault === true || others.length === 0;
  if (isDefault) {
    for (const other of others.filter(({ document }) => document.IsDefault)) {
      await channels.update(other, { ...other.document, IsDefault: false });
    }
  }
  const { Type: _, ...fields } = fieldsOf(body) as WritableChannel & { Type?: unknown };
  return {
    ...fields,
    LifecycleId: body.LifecycleId || null,
    IsDefault: isDefault,
    Rules: (body.Rules ?? []).map((rule) => ({ ...rule, Id: rule.Id || randomUUID() })),
  };
}

function collect(complaints: string[], read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    complaints.push(`Rules: ${error.message}`);
  }
}

/** @throws Invalid for the default channel, and while releases are in it. */
export async function refuseRemoval(services: Services, stored: Stored<Channel>): Promise<void> {
  if (stored.document.IsDefault) {
    throw new Invalid(
      `"${stored.document.Name}" is the default channel of its project. Make another channel the default first.`,
    );
  }
  await removeDependants(services, 'Channels', stored);
}
