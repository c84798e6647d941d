/** Environments on the wire. The document has the wire's own fields, so only links and the newer form are made here. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import type { Environment } from './queries.ts';

export function present(stored: Stored<Environment>) {
  const self = `/api/${stored.spaceId}/environments/${stored.id}`;
  return resourceOf(stored, self, {
    Machines: `${self}/machines{?skip,take,partialName,roles,isDisabled,healthStatuses,commStyles,tenantIds,tenantTags}`,
    SinglyScopedVariableDetails: `${self}/singlyScopedVariableDetails`,
  });
}

/** Parent and ephemeral environments do not exist here yet. */
export function presentV2(stored: Stored<Environment>) {
  return { ...present(stored), Type: 'Static' };
}
