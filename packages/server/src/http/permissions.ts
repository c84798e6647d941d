/**
 * What a route can demand. The names are Octopus's, so that roles made for it mean the same here. `Anonymous` and
 * `SignedIn` are for the few routes that everybody, or everybody with a key, may call.
 */
export const PERMISSIONS = [
  'Anonymous',
  'SignedIn',
  'AccountCreate',
  'AccountDelete',
  'AccountEdit',
  'AccountView',
  'ActionTemplateView',
  'AdministerSystem',
  'ArtifactCreate',
  'ArtifactDelete',
  'ArtifactEdit',
  'ArtifactView',
  'BuildInformationAdminister',
  'BuildInformationPush',
  'BuiltInFeedAdminister',
  'BuiltInFeedDownload',
  'BuiltInFeedPush',
  'CertificateView',
  'ConfigureServer',
  'DefectReport',
  'DefectResolve',
  'DeploymentCreate',
  'DeploymentDelete',
  'DeploymentView',
  'EnvironmentCreate',
  'EnvironmentDelete',
  'EnvironmentEdit',
  'EnvironmentView',
  'EventView',
  'FeedEdit',
  'FeedView',
  'InterruptionSubmit',
  'InterruptionView',
  'InterruptionViewSubmitResponsible',
  'LibraryVariableSetCreate',
  'LibraryVariableSetDelete',
  'LibraryVariableSetEdit',
  'LibraryVariableSetView',
  'LifecycleCreate',
  'LifecycleDelete',
  'LifecycleEdit',
  'LifecycleView',
  'MachineCreate',
  'MachineDelete',
  'MachineEdit',
  'MachineView',
  'MachinePolicyCreate',
  'MachinePolicyDelete',
  'MachinePolicyEdit',
  'MachinePolicyView',
  'ProcessEdit',
  'ProcessView',
  'ProjectCreate',
  'ProjectDelete',
  'ProjectEdit',
  'ProjectView',
  'ProjectGroupCreate',
  'ProjectGroupDelete',
  'ProjectGroupEdit',
  'ProjectGroupView',
  'ProxyView',
  'ReleaseCreate',
  'ReleaseDelete',
  'ReleaseEdit',
  'ReleaseView',
  'RunbookEdit',
  'RunbookRunCreate',
  'RunbookRunDelete',
  'RunbookRunView',
  'RunbookView',
  'SpaceCreate',
  'SpaceDelete',
  'SpaceEdit',
  'SpaceView',
  'SubscriptionView',
  'TagSetView',
  'TaskCancel',
  'TaskCreate',
  'TaskEdit',
  'TaskTerminal',
  'TaskView',
  'TeamCreate',
  'TeamDelete',
  'TeamEdit',
  'TeamView',
  'TenantView',
  'TriggerView',
  'UserEdit',
  'UserInvite',
  'UserView',
  'UserRoleView',
  'VariableEdit',
  'VariableView',
  'WorkerEdit',
  'WorkerView',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** The permissions that can be granted or withheld. */
export const DEMANDABLE = PERMISSIONS.filter((name) => name !== 'Anonymous' && name !== 'SignedIn');

/** Who calls. */
export interface Principal {
  readonly id: string;
  readonly username: string;
  readonly isAdministrator: boolean;
  /** Spaces in which this user may do everything. */
  readonly managedSpaces: readonly string[];
  /** What proved who it is, without the proof: `API key APIKeys-3`. Absent for what the server does by itself. */
  readonly credential?: string;
  /** True for people with a browser, whose credential is a cookie. */
  readonly isSession?: boolean;
  /** Where the request came from. */
  readonly client?: { readonly address: string; readonly userAgent: string };
}

/**
 * May they? Two roles exist so far: administrators may do everything everywhere, managers everything inside
 * their spaces; both may see what belongs to no space.
 */
export function permits(principal: Principal, permission: Permission, spaceId: string | undefined): boolean {
  if (permission === 'Anonymous' || permission === 'SignedIn' || principal.isAdministrator) return true;
  if (spaceId !== undefined) return principal.managedSpaces.includes(spaceId);
  return permission === 'UserView' || permission === 'TeamView' || permission === 'SpaceView';
}
