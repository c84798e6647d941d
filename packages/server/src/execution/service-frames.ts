/** What the log says about the services of a step. */
import type { ServiceReport } from '@argonaut/contracts/attempt';
import type { LogFrame } from '../tasklog/index.ts';
import { serverLine } from './change.ts';

/** A service that failed is a warning, its log is for those who want to know more. */
export function serviceFrames(
  attempt: string,
  reports: readonly ServiceReport[],
  timeMs: number,
): LogFrame[] {
  return reports.flatMap(({ name, failed, message, log }) => [
    serverLine(attempt, failed ? 'Warning' : 'Verbose', message, timeMs),
    ...(log === ''
      ? []
      : [
          serverLine(attempt, level(failed), `The end of the log of service "${name}":`, timeMs),
          ...log.split('\n').map((line) => serverLine(attempt, level(failed), `  ${line}`, timeMs)),
        ]),
  ]);
}

function level(failed: boolean): 'Info' | 'Verbose' {
  return failed ? 'Info' : 'Verbose';
}

/** The reports that an error of `open` carries. */
export function reportsOf(error: unknown): readonly ServiceReport[] {
  const details = (error as { readonly details?: { readonly services?: unknown } } | undefined)?.details;
  return Array.isArray(details?.services) ? (details.services as ServiceReport[]) : [];
}
