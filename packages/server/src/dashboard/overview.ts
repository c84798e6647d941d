/** The dashboard: projects by environments, with what was deployed there last. */
import type { DashboardItem, DashboardResource } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { effectivePhases } from '../lifecycles/phases.ts';
import { environmentsOf, lifecyclesIn } from '../lifecycles/queries.ts';
import { channelsIn } from '../projects/channels/queries.ts';
import { projectGroupsIn } from '../projects/groups/queries.ts';
import { type Project, projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import { lastDeployments, lastSuccessBefore, type Narrowed } from './latest.ts';

const PROJECT_LIMIT = 200;

export interface Wish extends Narrowed {
  readonly showAll: boolean;
  readonly includePrevious: boolean;
  /** Of the answer itself. */
  readonly self: string;
}

export async function overview(services: Services, wish: Wish): Promise<DashboardResource> {
  const { database } = services;
  const { space } = wish;
  const here = `/api/${space}`;
  const wanted = await projectsIn(database).all({ space, ids: wish.projects });
  const projects = wish.showAll ? wanted : wanted.slice(0, PROJECT_LIMIT);
  const allowed = await allowedEnvironments(services, space);
  const environments = await environmentsIn(database).all({ space, ids: wish.environments });
  const known = new Set(environments.map(({ id }) => id));
  const shown = projects.map((project) => ({
    Id: project.id,
    Name: project.document.Name,
    Slug: project.slug,
    ProjectGroupId: project.document.ProjectGroupId,
    IsDisabled: project.document.IsDisabled ?? false,
    EnvironmentIds: allowed(project).filter((id) => known.has(id)),
    Links: { Self: `${here}/projects/${project.id}` },
  }));
  const ofGroup = (id: string) => shown.filter(({ ProjectGroupId }) => ProjectGroupId === id);
  const groups = (await projectGroupsIn(database).all({ space })).filter(({ id }) => ofGroup(id).length > 0);
  return {
    Projects: shown,
    ProjectGroups: groups.map(({ id, document }) => ({
      Id: id,
      Name: document.Name,
      EnvironmentIds: [...new Set(ofGroup(id).flatMap(({ EnvironmentIds }) => EnvironmentIds))],
      Links: { Self: `${here}/projectgroups/${id}` },
    })),
    Environments: environments.map(({ id, document }) => ({
      Id: id,
      Name: document.Name,
      Links: { Self: `${here}/environments/${id}` },
    })),
    Tenants: [],
    ...(await itemsOf(services, wish, {
      projects: new Set(projects.map(({ id }) => id)),
      environments: known,
    })),
    ProjectLimit: PROJECT_LIMIT,
    IsFiltered: projects.length < wanted.length,
    Links: { Self: wish.self },
  };
}

/** Of the projects and environments that are shown: what is deleted is shown no more. */
async function itemsOf(
  services: Services,
  wish: Wish,
  shown: { readonly projects: ReadonlySet<string>; readonly environments: ReadonlySet<string> },
) {
  const { database, now } = services;
  const Items: DashboardItem[] = [];
  const PreviousItems: DashboardItem[] = [];
  for (const last of await lastDeployments(database, wish)) {
    const { ProjectId, EnvironmentId } = last.deployment.document;
    if (!shown.projects.has(ProjectId) || !shown.environments.has(EnvironmentId)) continue;
    Items.push(present(last, now(), { IsCurrent: true, IsPrevious: false }));
    if (!wish.includePrevious || last.task.document.State === 'Success') continue;
    const before = await lastSuccessBefore(database, last);
    if (before) PreviousItems.push(present(before, now(), { IsCurrent: false, IsPrevious: true }));
  }
  return { Items, PreviousItems };
}

/** The environments that a project may be deployed to, through its own lifecycle or those of its channels. */
export async function allowedEnvironments(
  { database }: Pick<Services, 'database'>,
  space: string,
): Promise<(project: Stored<Project>) => readonly string[]> {
  const byLifecycle = new Map<string, readonly string[]>();
  for (const lifecycle of await lifecyclesIn(database).all({ space })) {
    byLifecycle.set(lifecycle.id, (await effectivePhases(database, lifecycle)).flatMap(environmentsOf));
  }
  const byProject = new Map<string, string[]>();
  for (const { document } of await channelsIn(database).all({ space })) {
    if (!document.LifecycleId) continue;
    byProject.set(document.ProjectId, [...(byProject.get(document.ProjectId) ?? []), document.LifecycleId]);
  }
  return ({ id, document }) => {
    const lifecycles = [document.LifecycleId, ...(byProject.get(id) ?? [])];
    return [...new Set(lifecycles.flatMap((lifecycle) => byLifecycle.get(lifecycle) ?? []))];
  };
}
