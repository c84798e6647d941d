/**
 * What can happen, as people filter for it. Names are Octopus's where it has the event; the groups are the ones that a
 * client offers together.
 */

export type EventGroup =
  | 'Document'
  | 'Deployment'
  | 'RunbookRun'
  | 'Task'
  | 'Interruption'
  | 'Security'
  | 'Step';

interface CategoryDetails {
  readonly name: string;
  readonly group: EventGroup;
}

export const CATEGORIES = {
  Created: { name: 'Document created', group: 'Document' },
  Modified: { name: 'Document modified', group: 'Document' },
  Deleted: { name: 'Document deleted', group: 'Document' },
  DeploymentQueued: { name: 'Deployment queued', group: 'Deployment' },
  DeploymentStarted: { name: 'Deployment started', group: 'Deployment' },
  DeploymentSucceeded: { name: 'Deployment succeeded', group: 'Deployment' },
  DeploymentFailed: { name: 'Deployment failed', group: 'Deployment' },
  DeploymentCanceled: { name: 'Deployment cancelled', group: 'Deployment' },
  /** A release entered a phase that deploys by itself, and something stood against it. */
  AutomaticDeploymentRefused: { name: 'Automatic deployment refused', group: 'Deployment' },
  RunbookRunQueued: { name: 'Runbook run queued', group: 'RunbookRun' },
  RunbookRunStarted: { name: 'Runbook run started', group: 'RunbookRun' },
  RunbookRunSucceeded: { name: 'Runbook run succeeded', group: 'RunbookRun' },
  RunbookRunFailed: { name: 'Runbook run failed', group: 'RunbookRun' },
  RunbookRunCanceled: { name: 'Runbook run cancelled', group: 'RunbookRun' },
  /** A person asked for the end of a task; how it then ended is an event of its own. */
  TaskCanceled: { name: 'Cancel requested', group: 'Task' },
  /** A person put a waiting task before those that wait longer. */
  TaskPrioritized: { name: 'Task put first', group: 'Task' },
  /** A person decided how a task that was over shall count. */
  TaskStateChanged: { name: 'Task state changed', group: 'Task' },
  ManualInterventionInterruptionRaised: { name: 'Manual intervention raised', group: 'Interruption' },
  GuidedFailureInterruptionRaised: { name: 'Guided failure raised', group: 'Interruption' },
  InterruptionResponsibilityTaken: { name: 'Interruption taken on', group: 'Interruption' },
  InterruptionSubmitted: { name: 'Interruption submitted', group: 'Interruption' },
  LoginSucceeded: { name: 'Login succeeded', group: 'Security' },
  LoginFailed: { name: 'Login failed', group: 'Security' },
  LoggedOut: { name: 'Logged out', group: 'Security' },
  ApiKeyCreated: { name: 'API key created', group: 'Security' },
  ApiKeyRevoked: { name: 'API key revoked', group: 'Security' },
  MasterKeyRotated: { name: 'Master key rotated', group: 'Security' },
  /** The first use of an image has fixed what it means in a release or runbook snapshot. */
  ImageDigestLocked: { name: 'Image digest locked', group: 'Step' },
  /** A release goes on with the content that a tag has now, instead of the one that it was locked to. */
  ImageDigestAccepted: { name: 'Current image digest accepted', group: 'Step' },
  HoldOnFailureRaised: { name: 'Failed step held', group: 'Step' },
  HoldOnFailureExpired: { name: 'Hold expired', group: 'Step' },
  TerminalOpened: { name: 'Terminal opened', group: 'Step' },
  TerminalClosed: { name: 'Terminal closed', group: 'Step' },
} as const satisfies Readonly<Record<string, CategoryDetails>>;

export type EventCategory = keyof typeof CATEGORIES;

/** The categories of these groups; unknown names are passed over. */
export function categoriesOf(groups: readonly string[]): EventCategory[] {
  const wanted = groups.map((group) => group.toLowerCase());
  return (Object.keys(CATEGORIES) as EventCategory[]).filter((category) =>
    wanted.includes(CATEGORIES[category].group.toLowerCase()),
  );
}
