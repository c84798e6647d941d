/** Fields of a release that only the server decides: a client that sends them back does not change them. */
const SERVER_FIELDS = new Set([
  'Version',
  'ChannelId',
  'ProjectId',
  'ReleaseNotes',
  'SelectedPackages',
  'SelectedGitResources',
  'IgnoreChannelRules',
  'CustomFields',
  'Assembled',
  'BuildInformation',
  'ProjectDeploymentProcessSnapshotId',
  'ProjectVariableSetSnapshotId',
  'LibraryVariableSetSnapshotIds',
]);

/** The rest: what the server does not know and gives back as it came. */
export function withoutServerFields(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !SERVER_FIELDS.has(name)));
}
