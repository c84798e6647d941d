/** One deployment as dashboards show it. */
import type { DashboardItem } from '@argonaut/contracts/rest';
import { present as presentTask } from '../tasks/codec.ts';
import type { Deployed } from './latest.ts';

export function present(
  { deployment, task, release }: Deployed,
  now: Date,
  standing: { readonly IsCurrent: boolean; readonly IsPrevious: boolean },
): DashboardItem {
  const { ProjectId, EnvironmentId, ChannelId, TenantId, Created } = deployment.document;
  const { QueueTime, StartTime, CompletedTime, State, ErrorMessage, ...shown } = presentTask(task, now);
  const space = `/api/${deployment.spaceId}`;
  const self = `${space}/deployments/${deployment.id}`;
  return {
    Id: deployment.id,
    ProjectId,
    EnvironmentId,
    ReleaseId: release.id,
    DeploymentId: deployment.id,
    TaskId: task.id,
    TenantId: TenantId || null,
    ChannelId,
    ReleaseVersion: release.document.Version,
    Created,
    QueueTime,
    StartTime,
    CompletedTime,
    State,
    HasPendingInterruptions: shown.HasPendingInterruptions,
    HasWarningsOrErrors: shown.HasWarningsOrErrors,
    ErrorMessage,
    Duration: shown.Duration,
    ...standing,
    IsCompleted: shown.IsCompleted,
    Links: {
      Self: self,
      Release: `${space}/releases/${release.id}`,
      Task: `/api/tasks/${task.id}`,
    },
  };
}
