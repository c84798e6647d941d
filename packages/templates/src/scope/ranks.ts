/**
 * The eleven ranks of scope precedence, most specific first, and the dimensions that a scope can name.
 * A variable that applies on more than one rank is compared rank by rank from the top, as CSS compares selectors:
 * environment and tag together beat the tag alone, and any step beats everything without one.
 */

export const RANKS = [
  'step',
  'machine',
  'tag of the machine that the step targets',
  'tag of the machine',
  'tenant',
  'tenant tag',
  'environment',
  'channel',
  'process',
  'project',
  'none',
] as const;

export type Rank = (typeof RANKS)[number];

/** Scope dimensions, each a list of ids or names of which one must fit. */
export interface Scope {
  readonly steps?: readonly string[];
  readonly machines?: readonly string[];
  /** Target tags, which Octopus also calls roles. */
  readonly roles?: readonly string[];
  readonly tenants?: readonly string[];
  readonly tenantTags?: readonly string[];
  readonly environments?: readonly string[];
  readonly channels?: readonly string[];
  /** The deployment process or a runbook. */
  readonly processes?: readonly string[];
  readonly projects?: readonly string[];
}

export type Dimension = keyof Scope;

/** Where a variable is being asked for. What is absent is not there: a runbook has no channel. */
export interface ScopeContext {
  readonly step?: string;
  /** Target tags that the step runs on. */
  readonly stepRoles?: readonly string[];
  readonly machine?: string;
  readonly machineRoles?: readonly string[];
  readonly tenant?: string;
  readonly tenantTags?: readonly string[];
  readonly environment?: string;
  readonly channel?: string;
  readonly process?: string;
  readonly project?: string;
}

/** The rank's weight: one bit each, so that comparing sums compares rank by rank. */
export const weightOf = (rank: Rank): number => 1 << (RANKS.length - 1 - RANKS.indexOf(rank));

/** The most specific rank in a sum of weights. */
export function topRank(weights: number): Rank {
  return RANKS.find((rank) => (weights & weightOf(rank)) !== 0) ?? 'none';
}
