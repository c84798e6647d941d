/**
 * What the server calls itself towards clients. They compare it with the version that brought a feature, and refuse
 * an older server: three plain parts, and not below 2022.3.5512 (TypeScript client) or 2025.4 (deploy action).
 */
export const OCTOPUS_VERSION = '2025.4.10700';

/** The .NET client accepts 3.0.0 to 3.0.99. */
export const API_VERSION = '3.0.0';

/** Names look like the requests of Octopus's own client. */
export const CAPABILITIES = [
  'GetAllSpacesRequest',
  'GetEnvironmentsRequestV2',
  'CreateReleaseCommandV1',
  'CreateDeploymentUntenantedCommandV1',
  'CreateRunbookRunCommandV1',
] as const;
