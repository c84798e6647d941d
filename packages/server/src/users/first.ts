/** The first start: the teams that always exist, and an administrator who can get in. */
import type { Secret } from '@argonaut/contracts';
import { timestamp } from '@argonaut/contracts/rest';
import type { Services } from '../services.ts';
import { newApiKey } from './keys.ts';
import { hashPassword } from './passwords.ts';
import { ADMINISTRATORS, apiKeysIn, EVERYONE, teamsIn, usersIn } from './queries.ts';

export interface FirstAdministrator {
  readonly userId: string;
  /** Only when it was generated: to be shown once. */
  readonly generatedKey: Secret | undefined;
}

export async function makeFirstAdministrator(services: Services): Promise<FirstAdministrator> {
  const { config, database, keys, now } = services;
  const created = timestamp(now());
  const user = await usersIn(database).insert({
    document: {
      Username: 'admin',
      DisplayName: 'Administrator',
      EmailAddress: null,
      IsActive: true,
      IsService: false,
      Created: created,
      ...(config.adminPassword ? { PasswordHash: await hashPassword(config.adminPassword) } : {}),
    },
  });
  const teams = teamsIn(database);
  await teams.insert({
    id: EVERYONE,
    document: { Name: 'Everyone', Description: 'Every user', MemberUserIds: [], SpaceId: null },
  });
  await teams.insert({
    id: ADMINISTRATORS,
    document: {
      Name: 'Octopus Administrators',
      Description: 'May do everything on this server',
      MemberUserIds: [user.id],
      SpaceId: null,
    },
  });
  const generatedKey = config.adminApiKey ? undefined : newApiKey();
  const key = config.adminApiKey ?? generatedKey;
  if (key) {
    await apiKeysIn(database).insert({
      document: {
        Purpose: 'First start',
        UserId: user.id,
        Fingerprint: keys.fingerprint(key),
        Created: created,
        Expires: null,
      },
    });
  }
  return { userId: user.id, generatedKey };
}
