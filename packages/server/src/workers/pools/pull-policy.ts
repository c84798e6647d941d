/** When the images of a pool's steps are pulled: what the step asks for, within what the pool allows. */
import { Invalid } from '@argonaut/contracts';
import type { PullPolicy } from '@argonaut/orchestrator';
import type { Database } from '../../database/index.ts';
import { poolsIn } from './queries.ts';

const WORDS = { Always: 'always', IfNotPresent: 'if-not-present', Never: 'never' } as const;

/**
 * Where step and pool say nothing: a feed's tag may have moved since it was pulled last, so it is asked; what names no
 * feed may exist on the worker only.
 * @throws Invalid with what the pool allows
 */
export async function pullPolicy(
  database: Database,
  poolId: string,
  asked: PullPolicy | undefined,
  hasFeed: boolean,
): Promise<PullPolicy> {
  const pool = await poolsIn(database).find(poolId);
  const allowed = (pool?.document.ImagePolicies ?? []).map((word) => WORDS[word]);
  if (asked === undefined) return allowed[0] ?? (hasFeed ? 'always' : 'if-not-present');
  if (allowed.length === 0 || allowed.includes(asked)) return asked;
  const wordOf = (policy: PullPolicy) => Object.entries(WORDS).find(([, value]) => value === policy)?.[0];
  throw new Invalid(
    `The step asks for the image policy ${wordOf(asked)}, but its worker pool "${pool?.document.Name}" allows only ${allowed.map(wordOf).join(', ')}. Choose one of them for the step, or change what the pool allows.`,
  );
}
