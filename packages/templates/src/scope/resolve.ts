/**
 * Which value of each variable holds in a context, and why. Pure; values are carried, never looked at, so a
 * secret may be one.
 */

import { foldCase } from '../syntax/characters.ts';
import { ScopeMatcher } from './match.ts';
import {
  type Dimension,
  RANKS,
  type Rank,
  type Scope,
  type ScopeContext,
  topRank,
  weightOf,
} from './ranks.ts';

/** Where a variable is defined; among equal scopes the earlier origin wins. */
export const ORIGINS = ['project', 'tenant', 'library'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface ScopedVariable<Value = string | null> {
  readonly name: string;
  readonly value: Value;
  readonly scope: Scope;
  readonly origin: Origin;
}

export type LossReason =
  /** Its scope names something that this is not. */
  | { readonly kind: 'does not apply'; readonly dimension: Dimension }
  /** The winner applies on a rank on which this one does not. */
  | { readonly kind: 'less specific'; readonly decidedBy: Rank }
  /** As specific, but the winner's origin comes first. */
  | { readonly kind: 'other origin'; readonly winner: Origin }
  /** Equal in everything; the one that is defined first wins, and the log should warn. */
  | { readonly kind: 'duplicate' };

export interface Loser<Variable> {
  readonly variable: Variable;
  readonly reason: LossReason;
}

export interface Explanation<Variable> {
  /** As the winner spells it, or the first definition if none applies. */
  readonly name: string;
  /** Null if no definition applies here: then the variable does not exist. */
  readonly winner: { readonly variable: Variable; readonly rank: Rank } | null;
  readonly losers: readonly Loser<Variable>[];
}

export interface Resolution<Variable extends ScopedVariable<unknown>> {
  /** The winning values by name; an object without prototype, so that no name is special. */
  readonly values: Readonly<Record<string, Variable['value']>>;
  readonly explanation: readonly Explanation<Variable>[];
}

interface Candidates<Variable> {
  best: Variable | null;
  weights: number;
  readonly first: Variable;
  /** Definitions that lost to the best so far, with what they weigh; a dimension means that they do not apply. */
  readonly others: { readonly variable: Variable; readonly fit: number | Dimension }[];
}

/** Picks the value of every variable for one context. Names are compared without case. Linear in the definitions. */
export function resolveVariables<Variable extends ScopedVariable<unknown>>(
  variables: readonly Variable[],
  context: ScopeContext,
): Resolution<Variable> {
  const matcher = new ScopeMatcher(context);
  const byName = new Map<string, Candidates<Variable>>();
  for (const variable of variables) {
    const key = foldCase(variable.name);
    let candidates = byName.get(key);
    if (candidates === undefined) {
      candidates = { best: null, weights: 0, first: variable, others: [] };
      byName.set(key, candidates);
    }
    consider(candidates, variable, matcher.fit(variable.scope));
  }
  const values: Record<string, Variable['value']> = Object.create(null);
  const explanation: Explanation<Variable>[] = [];
  for (const { best, weights, first, others } of byName.values()) {
    if (best !== null) values[best.name] = best.value;
    explanation.push({
      name: (best ?? first).name,
      winner: best === null ? null : { variable: best, rank: topRank(weights) },
      losers: others.map(({ variable, fit }) => ({
        variable,
        reason: reasonFor(fit, variable, weights, best),
      })),
    });
  }
  return { values, explanation };
}

function consider<Variable extends ScopedVariable<unknown>>(
  candidates: Candidates<Variable>,
  variable: Variable,
  fit: number | Dimension,
): void {
  const { best, weights } = candidates;
  if (typeof fit === 'number' && (best === null || beats(fit, variable.origin, weights, best.origin))) {
    if (best !== null) candidates.others.push({ variable: best, fit: weights });
    candidates.best = variable;
    candidates.weights = fit;
  } else candidates.others.push({ variable, fit });
}

const beats = (fit: number, origin: Origin, weights: number, bestOrigin: Origin): boolean =>
  fit > weights || (fit === weights && ORIGINS.indexOf(origin) < ORIGINS.indexOf(bestOrigin));

function reasonFor(
  fit: number | Dimension,
  { origin }: ScopedVariable<unknown>,
  weights: number,
  winner: ScopedVariable<unknown> | null,
): LossReason {
  if (typeof fit !== 'number') return { kind: 'does not apply', dimension: fit };
  if (fit !== weights) {
    const decidedBy = RANKS.find((rank) => ((fit ^ weights) & weightOf(rank)) !== 0) ?? 'none';
    return { kind: 'less specific', decidedBy };
  }
  return winner !== null && winner.origin !== origin
    ? { kind: 'other origin', winner: winner.origin }
    : { kind: 'duplicate' };
}

const WHOSE: Readonly<Record<Dimension, string>> = {
  steps: 'step',
  machines: 'machine',
  roles: 'machine with one of its tags',
  tenants: 'tenant',
  tenantTags: 'tenant with one of its tags',
  environments: 'environment',
  channels: 'channel',
  processes: 'process',
  projects: 'project',
};

/** The reason as a sentence for a log or a page. */
export function describeLoss(reason: LossReason): string {
  switch (reason.kind) {
    case 'does not apply':
      return `Its scope is for another ${WHOSE[reason.dimension]}.`;
    case 'less specific':
      return `The winner is scoped more specifically: it applies by ${reason.decidedBy}.`;
    case 'other origin':
      return `Both are scoped alike, and a variable of the ${reason.winner} comes first.`;
    case 'duplicate':
      return 'Both are scoped alike. The one defined first is used; remove one of them.';
  }
}
