/** `/releases`: lists, one, change, delete, progression, previews; and the same below projects and channels. */
import { Invalid } from '@argonaut/contracts';
import {
  Optional,
  PageOf,
  PageQuery,
  ReleaseProgression,
  ReleaseResource,
  ReleaseTemplate,
  WritableRelease,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Query } from '../database/index.ts';
import { documentEvent } from '../events/index.ts';
import { empty, fieldsOf, page, type RouteTable } from '../http/index.ts';
import { deploymentProcessId } from '../processes/queries.ts';
import { channelNamed, channelsIn } from '../projects/channels/queries.ts';
import { projectOf, projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import { updateVariables } from './create.ts';
import { withoutServerFields } from './fields.ts';
import { progressionOf } from './lifecycle.ts';
import { deploymentTemplate, previewDeployment } from './previews.ts';
import { releaseOf, releasesIn } from './queries.ts';
import { removeRelease } from './removal.ts';
import { donorOf, draftRelease, versionFor } from './template.ts';

const ReleaseQuery = Type.Object({
  ...PageQuery.properties,
  searchByVersion: Optional(Type.String({ description: 'Part of the version.' })),
});
type ReleaseQuery = Type.Static<typeof ReleaseQuery>;

export function releaseRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const releases = releasesIn(database);
  const list = (query: ReleaseQuery, filter: Query) =>
    releases.list({ ...query, partialName: query.searchByVersion ?? query.partialName, ...filter });

  routes.add({
    method: 'GET',
    path: '/releases',
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'Lists releases, newest first',
    query: ReleaseQuery,
    response: PageOf(ReleaseResource),
    handle: async ({ request, query, space }) => {
      const { items, total } = await list(query, { space });
      return page(request, query, 'Release', { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/releases/:id',
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'One release',
    response: ReleaseResource,
    handle: async ({ params, space }) => present(await releases.get(params.id, space)),
  });
  routes.add({
    method: 'PUT',
    path: '/releases/:id',
    scope: 'space',
    permission: 'ReleaseEdit',
    summary: 'Changes the version, channel, notes and package versions; what is frozen stays',
    body: WritableRelease,
    response: ReleaseResource,
    handle: async ({ params, body, space }) => {
      const stored = await releases.get(params.id, space);
      const { document } = stored;
      if (body.ProjectId !== document.ProjectId)
        throw new Invalid('A release cannot move to another project.');
      const channel = await channelNamed(
        database,
        space,
        document.ProjectId,
        body.ChannelId || document.ChannelId,
      );
      return present(
        await releases.update(stored, {
          ...document,
          ...withoutServerFields(fieldsOf(body)),
          Version: body.Version?.trim() || document.Version,
          ChannelId: channel.id,
          ReleaseNotes: body.ReleaseNotes ?? '',
          IgnoreChannelRules: body.IgnoreChannelRules ?? false,
          SelectedPackages: body.SelectedPackages ?? [],
          SelectedGitResources: body.SelectedGitResources ?? [],
          CustomFields: body.CustomFields ?? {},
        }),
      );
    },
  });
  routes.add({
    method: 'DELETE',
    path: '/releases/:id',
    scope: 'space',
    permission: 'ReleaseDelete',
    summary: 'Deletes a release with its deployments and their logs',
    handle: async ({ params, space, record }) => {
      const stored = await releases.get(params.id, space);
      await removeRelease(services, stored);
      await record(documentEvent('Deleted', releases.kind, stored));
      return empty();
    },
  });
  routes.add({
    method: 'POST',
    path: '/releases/:id/snapshot-variables',
    scope: 'space',
    permission: 'ReleaseEdit',
    summary: 'Takes the variables of the project as they are now; the process stays',
    response: ReleaseResource,
    // Asks registries.
    transaction: false,
    // Told where it is done, in the transaction that does it.
    audited: false,
    handle: async ({ params, space, user }) => {
      const stored = await releases.get(params.id, space);
      const project = await projectsIn(database).get(stored.document.ProjectId, space);
      return present(await updateVariables(services, stored, { project, by: user }));
    },
  });
  routes.add({
    method: 'GET',
    path: '/releases/:id/progression',
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'How far a release has come through its lifecycle, and where it may go next',
    response: ReleaseProgression,
    handle: async ({ params, space }) => progressionOf(services, await releases.get(params.id, space)),
  });
  routes.add({
    method: 'GET',
    path: '/releases/:id/missingpackages',
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'Packages of the release that are gone from their feeds',
    handle: async ({ params, space }) => {
      await releases.get(params.id, space);
      return { Packages: [] };
    },
  });
  previewRoutes(routes, services);

  const inProject = '/projects/:project/releases';
  routes.add({
    method: 'GET',
    path: inProject,
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'The releases of a project, newest first',
    query: ReleaseQuery,
    response: PageOf(ReleaseResource),
    handle: async ({ params, request, query, space }) => {
      const project = await projectOf(database, space, params.project);
      const { items, total } = await list(query, { space, parent: project.id });
      return page(request, query, 'Release', { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'GET',
    path: `${inProject}/:version`,
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'One release of a project, by version or id',
    response: ReleaseResource,
    handle: async ({ params, space }) => {
      const project = await projectOf(database, space, params.project);
      return present(await releaseOf(database, space, project, params.version));
    },
  });
  for (const path of [
    '/channels/:channel/releases',
    '/projects/:project/channels/:channel/releases',
  ] as const) {
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission: 'ReleaseView',
      summary: 'The releases in a channel, newest first',
      query: ReleaseQuery,
      response: PageOf(ReleaseResource),
      handle: async ({ params, request, query, space }) => {
        const channel = await channelsIn(database).get(params.channel, space);
        const { items, total } = await list(query, { space, where: { Channel: channel.id } });
        return page(request, query, 'Release', { items: items.map(present), total });
      },
    });
  }
  routes.add({
    method: 'GET',
    path: '/projects/:project/deploymentprocesses/template',
    scope: 'space',
    permission: 'ProcessView',
    summary: 'What a new release would be called, and the packages that it needs',
    query: Type.Object({ channel: Optional(Type.String()), releaseId: Optional(Type.String()) }),
    response: ReleaseTemplate,
    handle: async ({ params, query, space }) => {
      const project = await projectOf(database, space, params.project);
      const channel = await channelNamed(database, space, project.id, query.channel);
      const draft = await draftRelease(services, project, channel);
      const donor = donorOf(draft);
      return {
        DeploymentProcessId: deploymentProcessId(project.id),
        LastReleaseVersion: draft.lastVersion ?? null,
        NextVersionIncrement: donor ? '' : await versionFor(services, draft, []),
        VersioningPackageStepName: donor?.ActionName ?? null,
        VersioningPackageReferenceName: donor?.PackageReferenceName ?? null,
        Packages: draft.packages,
        GitResources: [],
      };
    },
  });
}

const PreviewQuery = Type.Object({ includeDisabledSteps: Optional(Type.Boolean()) });

function previewRoutes(routes: RouteTable, services: Services): void {
  const releases = releasesIn(services.database);
  routes.add({
    method: 'GET',
    path: '/releases/:id/deployments/template',
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'Where a release may be deployed to, and what changed since it was made',
    handle: async ({ params, space }) => deploymentTemplate(services, await releases.get(params.id, space)),
  });
  routes.add({
    method: 'GET',
    path: '/releases/:id/deployments/preview/:environment',
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'The steps of a deployment, and the form of its prompted variables',
    query: PreviewQuery,
    handle: async ({ params, query, space }) => {
      const release = await releases.get(params.id, space);
      return previewDeployment(services, release, params.environment, query.includeDisabledSteps === true);
    },
  });
  routes.add({
    method: 'POST',
    path: '/releases/:id/deployments/previews',
    audited: false,
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'Previews for several environments, as an array',
    body: Type.Object({
      DeploymentPreviews: Type.Array(Type.Object({ EnvironmentId: Type.String() })),
      IncludeDisabledSteps: Optional(Type.Boolean({ default: false })),
    }),
    handle: async ({ params, body, space }) => {
      const release = await releases.get(params.id, space);
      const previews: object[] = [];
      for (const { EnvironmentId } of body.DeploymentPreviews) {
        const disabled = body.IncludeDisabledSteps === true;
        previews.push(await previewDeployment(services, release, EnvironmentId, disabled));
      }
      return previews;
    },
  });
}
