/** The `Config` of an image or a container: what it runs, and how. */
import type { ProgramSettings } from '../ports/engine.ts';
import { number, record, text, texts } from './json.ts';

export function programSettings(config: Readonly<Record<string, unknown>>): ProgramSettings {
  return {
    entrypoint: texts(config.Entrypoint),
    cmd: texts(config.Cmd),
    user: text(config.User),
    workingDir: text(config.WorkingDir),
    env: texts(config.Env),
    volumes: Object.keys(record(config.Volumes)),
    ...healthcheck(record(config.Healthcheck)),
  };
}

const nanosecondsPerMs = 1e6;

function healthcheck(check: Readonly<Record<string, unknown>>): Pick<ProgramSettings, 'healthcheck'> {
  const test = texts(check.Test);
  if (test.length < 2 || test[0] === 'NONE') return {};
  const ms = (value: unknown): number => Math.round(number(value) / nanosecondsPerMs);
  return { healthcheck: { test, intervalMs: ms(check.Interval), timeoutMs: ms(check.Timeout) } };
}
