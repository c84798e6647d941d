/** Deployment settings as a view of the project. */
import type { WritableDeploymentSettings } from '@argonaut/contracts/rest';
import type { Stored } from '../../database/index.ts';
import { fieldsOf } from '../../http/index.ts';
import type { Project } from '../queries.ts';

export function present(stored: Stored<Project>) {
  const { document, spaceId } = stored;
  const project = `/api/${spaceId}/projects/${stored.id}`;
  return {
    Id: `deploymentsettings-${stored.id}`,
    SpaceId: spaceId,
    ProjectId: stored.id,
    ConnectivityPolicy: document.ProjectConnectivityPolicy,
    DefaultGuidedFailureMode: document.DefaultGuidedFailureMode,
    VersioningStrategy: document.VersioningStrategy,
    ReleaseNotesTemplate: document.ReleaseNotesTemplate,
    DefaultToSkipIfAlreadyInstalled: document.DefaultToSkipIfAlreadyInstalled,
    DeploymentChangesTemplate: document.DeploymentChangesTemplate,
    ForcePackageDownload: document.ForcePackageDownload,
    FailTargetDiscovery: false,
    CancelQueuedTasks: false,
    CancelRunningTasks: false,
    ...document.ExtraSettings,
    Links: { Self: `${project}/deploymentsettings`, Project: project },
  };
}

/** The project with these settings; what the project itself has no field for is kept beside it. */
export function withSettings(project: Project, settings: WritableDeploymentSettings): Project {
  const {
    ConnectivityPolicy,
    DefaultGuidedFailureMode,
    VersioningStrategy,
    ReleaseNotesTemplate,
    DefaultToSkipIfAlreadyInstalled,
    DeploymentChangesTemplate,
    ForcePackageDownload,
    ...rest
  } = fieldsOf(settings);
  const { ProjectId: _, ...extra } = rest as typeof rest & { ProjectId?: unknown };
  return {
    ...project,
    ...defined({ ProjectConnectivityPolicy: ConnectivityPolicy }),
    ...defined({
      DefaultGuidedFailureMode,
      VersioningStrategy,
      ReleaseNotesTemplate,
      DefaultToSkipIfAlreadyInstalled,
      DeploymentChangesTemplate,
      ForcePackageDownload,
    }),
    ExtraSettings: extra,
  };
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
