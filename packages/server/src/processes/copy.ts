/** The steps of a process for another one: the same ids, so that what names them goes on doing so, and secrets sealed anew. */
import type { KeyRing, Stored } from '../database/index.ts';
import { propertyPlace } from './accept.ts';
import type { Process, StoredProperties, StoredStep } from './queries.ts';

/**
 * @param id of the process that gets them
 * @param channels by the old id: the channel that takes its place there; absent: the old one
 */
export function copySteps(
  keys: KeyRing,
  from: Stored<Process>,
  id: string,
  channels: ReadonlyMap<string, string> = new Map(),
): readonly StoredStep[] {
  const copy = (owner: string, bag: StoredProperties): StoredProperties =>
    Object.fromEntries(
      Object.entries(bag).map(([name, value]) => {
        if (typeof value === 'string') return [name, value];
        const secret = keys.open(value.sealed, propertyPlace(from.id, owner, name));
        return [name, { sealed: keys.seal(secret, propertyPlace(id, owner, name)) }];
      }),
    );
  return from.document.Steps.map((step) => ({
    ...step,
    Properties: copy(step.Id, step.Properties),
    Actions: step.Actions.map((action) => ({
      ...action,
      Properties: copy(action.Id, action.Properties),
      ...(action.Channels === undefined
        ? {}
        : { Channels: action.Channels.map((channel) => channels.get(channel) ?? channel) }),
      Packages: action.Packages.map((reference) => ({
        ...reference,
        Properties: copy(reference.Id ?? '', reference.Properties),
      })),
    })),
  }));
}
