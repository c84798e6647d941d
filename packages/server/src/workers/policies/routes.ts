/** `/machinepolicies`: how machines are checked and kept. */
import { Invalid } from '@argonaut/contracts';
import { MachinePolicyResource, WritableMachinePolicy } from '@argonaut/contracts/rest';
import type { Stored } from '../../database/index.ts';
import { addResource, fieldsOf, type RouteTable, resourceOf, withDefaults } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { marksOf } from '../images/marks.ts';
import { workersIn } from '../queries.ts';
import { type MachinePolicy, policiesIn } from './queries.ts';

export function machinePolicyRoutes(routes: RouteTable, { database }: Services): void {
  const policies = policiesIn(database);
  addResource(routes, {
    path: '/machinepolicies',
    scope: 'space',
    itemType: 'MachinePolicy',
    collection: policies,
    writable: WritableMachinePolicy,
    resource: MachinePolicyResource,
    permissions: {
      view: 'MachinePolicyView',
      create: 'MachinePolicyCreate',
      edit: 'MachinePolicyEdit',
      delete: 'MachinePolicyDelete',
    },
    // Which one is the default is the server's own knowledge.
    accept: (body, _occasion, stored) => {
      if (body.ImageCleanUp?.trim()) marksOf(body.ImageCleanUp);
      return { ...fieldsOf(body), IsDefault: stored?.document.IsDefault ?? false };
    },
    present,
    beforeDelete: async (stored) => {
      if (stored.document.IsDefault === true) {
        throw new Invalid(`"${stored.document.Name}" is the default machine policy and cannot be deleted.`);
      }
      const users = await workersIn(database).all({ where: { Policy: stored.id }, take: 5 });
      if (users.length === 0) return;
      const names = users.map(({ document }) => `"${document.Name}"`).join(', ');
      throw new Invalid(`The workers ${names} use this policy. Give them another one first.`);
    },
  });
  routes.add({
    method: 'GET',
    path: '/machinepolicies/template',
    scope: 'space',
    permission: 'MachinePolicyView',
    summary: 'What a new policy begins with',
    handle: async () => ({
      ...withDefaults(WritableMachinePolicy, { Name: 'New policy' }),
      Name: '',
      Links: {},
    }),
  });
}

function present(stored: Stored<MachinePolicy>) {
  const self = `/api/${stored.spaceId}/machinepolicies/${stored.id}`;
  return resourceOf(stored, self, {
    Workers: `/api/${stored.spaceId}/workers`,
    Template: `/api/${stored.spaceId}/machinepolicies/template`,
  });
}
