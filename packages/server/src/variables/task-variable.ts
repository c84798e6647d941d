/** A variable that decides about a task before there is one: what it comes to where the task will run. */
import { Invalid } from '@argonaut/contracts';
import { createVariables, evaluate } from '@argonaut/templates';
import type { Services } from '../services.ts';
import { variableSetsIn } from './queries.ts';
import { createScope, type ScopeInput } from './scope.ts';
import { type SystemContext, systemVariables } from './system.ts';

/** There are no tenants, and texts that are written for both ways still come to something. */
const NO_TENANT = { 'Octopus.Deployment.Tenant.Id': '', 'Octopus.Deployment.Tenant.Name': '' };

/**
 * Undefined where nobody defines it, where no definition holds, or where it comes to nothing. Values that are scoped to
 * steps count as not defined. It may hold a secret: do not show it.
 * @throws Invalid when it cannot be evaluated
 */
export async function taskVariable(
  services: Pick<Services, 'database' | 'keys'>,
  name: string,
  input: Omit<ScopeInput, 'system'> & { readonly system: () => Promise<SystemContext> },
): Promise<string | undefined> {
  const is = (other: string) => other.toLowerCase() === name.toLowerCase();
  // Most projects do not define it, and opening all their secrets for that would cost time with every deployment.
  const sets = await variableSetsIn(services.database).all({ ids: input.snapshots });
  if (!sets.some(({ document }) => document.Variables.some(({ Name }) => is(Name)))) return undefined;
  const system = await input.system();
  const { general } = await createScope(services, { ...input, system });
  if (!Object.keys(general.values).some(is)) return undefined;
  const variables = createVariables({ ...NO_TENANT, ...general.values, ...systemVariables(system) });
  const { text, error } = evaluate(`#{${name}}`, variables, { now: () => new Date(input.nowMs) });
  if (error !== null) {
    throw new Invalid(
      `The variable ${name} cannot be evaluated: ${error}. Correct it, and update the variables of what you run.`,
    );
  }
  return text?.trim() || undefined;
}
