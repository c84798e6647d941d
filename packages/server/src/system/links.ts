/**
 * The link documents: which templates (RFC 6570) the root and every space announce. The Go and .NET clients find
 * their way by these names; the TypeScript client reads none of them. Paths of `SPACE` follow `/api/{S}`. What has no
 * answer here has no link either: a client then says that the server lacks it, instead of following it into a 404.
 */
const SERVER = {
  Self: '',
  BuiltInFeedStats: '/feeds/stats',
  CertificateConfiguration: '/configuration/certificates{/id}{?skip,take,ids,partialName}',
  CommunityActionTemplates: '/communityactiontemplates{/id}{?skip,take,ids}',
  Configuration: '/configuration{/id}',
  CurrentUser: '/users/me',
  EventAgents: '/events/agents',
  EventCategories: '/events/categories{?appliesTo}',
  EventDocumentTypes: '/events/documenttypes',
  EventGroups: '/events/groups{?appliesTo}',
  Events:
    '/events{/id}{?skip,regarding,regardingAny,user,users,projects,projectGroups,environments,eventGroups,eventCategories,eventAgents,tags,tenants,from,to,internal,fromAutoId,toAutoId,documentTypes,asCsv,take,ids,spaces,includeSystem,excludeDifference}',
  ExtensionStats: '/serverstatus/extensions',
  OctopusServerClusterSummary: '/octopusservernodes/summary',
  OctopusServerNodes: '/octopusservernodes{/id}{?skip,take,ids,partialName}',
  PermissionDescriptions: '/permissions/all',
  ScopedUserRoles: '/scopeduserroles{/id}{?skip,take,ids,partialName,spaces,includeSystem}',
  ServerHealthStatus: '/serverstatus/health',
  ServerStatus: '/serverstatus',
  SignIn: '/users/login{?returnUrl}',
  SignOut: '/users/logout',
  SpaceHome: '/{spaceId}',
  Spaces: '/spaces{/id}{?name,skip,ids,take,partialName}',
  TaskTypes: '/tasks/taskTypes',
  Tasks:
    '/tasks{/id}{?skip,active,environment,tenant,runbook,project,name,node,running,states,hasPendingInterruptions,hasWarningsOrErrors,take,ids,partialName,spaces,includeSystem}',
  Teams: '/teams{/id}{?skip,take,ids,partialName,spaces,includeSystem}',
  Timezones: '/serverstatus/timezones',
  UserRoles: '/userroles{/id}{?skip,take,ids,partialName}',
  Users: '/users{/id}{?skip,take,ids,filter}',
};

const SPACE = {
  Accounts: '/accounts{/id}{?skip,take,ids,partialName,accountType}',
  ActionTemplates: '/actiontemplates{/id}{?skip,take,ids,partialName}',
  ActionTemplatesCategories: '/actiontemplates/categories',
  ActionTemplatesSearch: '/actiontemplates/search',
  Artifacts: '/artifacts{/id}{?skip,take,regarding,ids,partialName,order}',
  BuildInformation: '/build-information{/id}{?filter,packageId,latest,skip,take,overwriteMode}',
  BuildInformationBulk: '/build-information/bulk{?ids}',
  Certificates: '/certificates{/id}{?skip,take,search,archived,tenant,firstResult,orderBy,ids,partialName}',
  Channels: '/channels{/id}{?skip,take,ids,partialName}',
  Dashboard:
    '/dashboard{?projectId,releaseId,selectedTenants,selectedTags,showAll,highestLatestVersionPerProjectAndEnvironment}',
  DashboardDynamic: '/dashboard/dynamic{?projects,environments,includePrevious}',
  DeploymentProcesses: '/deploymentprocesses{/id}{?skip,take,ids}',
  Deployments:
    '/deployments{/id}{?skip,take,ids,projects,environments,tenants,channels,taskState,partialName}',
  DiscoverWorker: '/workers/discover{?host,port,type,proxyId}',
  EnvironmentSortOrder: '/environments/sortorder',
  Environments: '/environments{/id}{?name,skip,ids,take,partialName}',
  EnvironmentsSummary:
    '/environments/summary{?ids,partialName,machinePartialName,roles,isDisabled,healthStatuses,commStyles,tenantIds,tenantTags,hideEmptyEnvironments,shellNames}',
  Feeds: '/feeds{/id}{?skip,take,ids,partialName,feedType,name}',
  GitCredentials: '/git-credentials{/id}{?skip,take,name}',
  Interruptions: '/interruptions{/id}{?skip,take,regarding,pendingOnly,ids}',
  LibraryVariables: '/libraryvariablesets{/id}{?skip,contentType,take,ids,partialName}',
  Lifecycles: '/lifecycles{/id}{?skip,take,ids,partialName}',
  MachineOperatingSystems: '/machines/operatingsystem/names/all',
  MachinePolicies: '/machinepolicies{/id}{?skip,take,ids,partialName}',
  MachinePolicyTemplate: '/machinepolicies/template',
  MachineRoles: '/machineroles/all',
  MachineShells: '/machines/operatingsystem/shells/all',
  Machines:
    '/machines{/id}{?skip,take,name,ids,partialName,roles,isDisabled,healthStatuses,commStyles,tenantIds,tenantTags,environmentIds,thumbprint,deploymentId,shellNames}',
  PackageNotesList: '/packages/notes{?packageIds}',
  PackageUpload: '/packages/raw{?replace,overwriteMode}',
  Packages: '/packages{/id}{?nuGetPackageId,filter,latest,skip,take,includeNotes}',
  PackagesBulk: '/packages/bulk{?ids}',
  ProjectGroups: '/projectgroups{/id}{?skip,take,ids,partialName}',
  ProjectTriggers: '/projecttriggers{/id}{?skip,take,ids,runbooks}',
  Projects: '/projects{/id}{?name,skip,ids,clone,take,partialName,clonedFromProjectId}',
  ProjectsExperimentalSummaries: '/projects/experimental/summaries{?ids}',
  Proxies: '/proxies{/id}{?skip,take,ids,partialName}',
  Releases: '/releases{/id}{?skip,ignoreChannelRules,take,ids}',
  RunbookProcesses: '/runbookProcesses{/id}{?skip,take,ids}',
  RunbookRuns:
    '/runbookRuns{/id}{?skip,take,ids,projects,environments,tenants,runbooks,taskState,partialName}',
  RunbookSnapshots: '/runbookSnapshots{/id}{?skip,take,ids,publish}',
  Runbooks: '/runbooks{/id}{?skip,take,ids,partialName,clone,projectIds}',
  ScheduledProjectTriggers: '/scheduledprojecttriggers{/id}{?skip,take,ids}',
  Subscriptions: '/subscriptions{/id}{?skip,take,ids,partialName,spaces}',
  TagSets: '/tagsets{/id}{?skip,take,ids,partialName}',
  TenantVariables: '/tenantvariables/all{?projectId}',
  Tenants: '/tenants{/id}{?skip,projectId,name,tags,take,ids,clone,partialName,clonedFromTenantId}',
  TenantsMissingVariables: '/tenants/variables-missing{?tenantId,projectId,environmentId,includeDetails}',
  TenantsStatus: '/tenants/status',
  VariableNames: '/variables/names{?project,runbook,projectEnvironmentsFilter}',
  VariablePreview: '/variables/preview{?project,runbook,environment,channel,tenant,action,machine,role}',
  Variables: '/variables{/id}{?ids}',
  VersionRuleTest: '/channels/rule-test{?version,versionRange,preReleaseTag,feetType}',
  // The .NET client asks for the first spelling, the Go client for the second.
  WorkerPoolSortOrder: '/workerpools/sortorder',
  WorkerPoolsSortOrder: '/workerpools/sortorder',
  WorkerOperatingSystems: '/workers/operatingsystem/names/all',
  WorkerPools: '/workerpools{/id}{?name,skip,ids,take,partialName}',
  WorkerPoolsDynamicWorkerTypes: '/workerpools/dynamicworkertypes',
  WorkerPoolsSummary:
    '/workerpools/summary{?ids,partialName,machinePartialName,isDisabled,healthStatuses,commStyles,hideEmptyWorkerPools,shellNames}',
  WorkerPoolsSupportedTypes: '/workerpools/supportedtypes',
  WorkerShells: '/workers/operatingsystem/shells/all',
  Workers:
    '/workers{/id}{?skip,take,name,ids,partialName,isDisabled,healthStatuses,commStyles,workerPoolIds,thumbprint,shellNames}',
};

/** Of the root; with a default space it carries that space's links too, for clients made without a space. */
export function rootLinks(defaultSpaceId: string | undefined): Record<string, string> {
  const own = { ...prefixed('/api', SERVER), Web: '/app' };
  return defaultSpaceId === undefined ? own : { ...prefixed(`/api/${defaultSpaceId}`, SPACE), ...own };
}

export function spaceLinks(spaceId: string): Record<string, string> {
  return { ...prefixed(`/api/${spaceId}`, SPACE), Self: `/api/${spaceId}`, Web: `/app#/${spaceId}` };
}

function prefixed(prefix: string, links: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(links).map(([name, path]) => [name, prefix + path]));
}
