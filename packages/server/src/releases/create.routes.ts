/** Making releases: the classic POST, and the command of CI clients, which names things as people do. */
import { Invalid } from '@argonaut/contracts';
import {
  CreateReleaseCommand,
  CreateReleaseResponse,
  ReleaseResource,
  WritableRelease,
} from '@argonaut/contracts/rest';
import { created, fieldsOf, type RouteTable } from '../http/index.ts';
import { readEntries } from '../processes/packages/entries.ts';
import { channelNamed } from '../projects/channels/queries.ts';
import { projectNamed, projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import { createRelease } from './create.ts';
import { withoutServerFields } from './fields.ts';

export function creationRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;

  routes.add({
    method: 'POST',
    path: '/releases',
    scope: 'space',
    permission: 'ReleaseCreate',
    summary: 'Creates a release: freezes process, variables and package versions',
    body: WritableRelease,
    response: ReleaseResource,
    idempotent: true,
    // Choosing package versions may ask a registry.
    transaction: false,
    // Making it records it, unless it existed.
    audited: false,
    handle: async ({ body, space, user }) => {
      const project = await projectsIn(database).get(body.ProjectId, space);
      const channel = await channelNamed(database, space, project.id, body.ChannelId);
      const release = await createRelease(services, {
        project,
        channel,
        version: body.Version?.trim() ?? '',
        notes: body.ReleaseNotes ?? '',
        packages: { selected: body.SelectedPackages },
        ignoreChannelRules: body.IgnoreChannelRules ?? false,
        ignoreIfExists: false,
        customFields: body.CustomFields ?? {},
        gitResources: body.SelectedGitResources ?? [],
        extra: withoutServerFields(fieldsOf(body)),
        by: user,
      });
      return created(present(release));
    },
  });

  routes.add({
    method: 'POST',
    path: '/releases/create/v1',
    scope: 'space',
    permission: 'ReleaseCreate',
    summary: 'Creates a release of the named project',
    body: CreateReleaseCommand,
    response: CreateReleaseResponse,
    idempotent: true,
    transaction: false,
    // Making it records it, unless it existed.
    audited: false,
    handle: async ({ body, space, user }) => {
      if (body.GitRef || body.GitCommit) {
        throw new Invalid(
          `The project "${body.ProjectName}" keeps its process in the database, so a Git reference means nothing to it. Leave GitRef and GitCommit out.`,
        );
      }
      const project = await projectNamed(database, space, body.ProjectName);
      const channel = await channelNamed(database, space, project.id, body.ChannelName ?? undefined);
      const release = await createRelease(services, {
        project,
        channel,
        version: body.ReleaseVersion?.trim() ?? '',
        notes: body.ReleaseNotes ?? '',
        packages: {
          entries: readEntries(body.Packages ?? []),
          defaultVersion: body.PackageVersion || undefined,
        },
        prereleaseTag: body.PackagePrerelease || undefined,
        ignoreChannelRules: body.IgnoreChannelRules ?? false,
        ignoreIfExists: body.IgnoreIfAlreadyExists ?? false,
        customFields: body.CustomFields ?? {},
        gitResources: [],
        extra: {},
        by: user,
      });
      return created({ ReleaseId: release.id, ReleaseVersion: release.document.Version });
    },
  });
}
