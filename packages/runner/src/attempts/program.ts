/** Turns the late values of an attempt into what goes through the gate. Pure. */
import { Invalid } from '@argonaut/contracts';
import type { AttemptSpec, LateValues } from '@argonaut/contracts/attempt';
import type { GatePayload } from '@argonaut/init';
import { imageTitle } from '../images/names.ts';

/** What only the place knows. */
export interface ProgramSurroundings {
  /** Absent when none was asked for. */
  readonly interpreter?: string;
  /** Directory of the late files, as the program sees it. */
  readonly files: string;
  /** The step's directory, as the program sees it. */
  readonly work: string;
  /** For a user that has no home of its own; absent where the system sets HOME. */
  readonly home?: string;
  /** What every program of this worker finds, such as its proxies; absent: nothing. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The image's own program; empty on a host. */
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

export function gatePayload(spec: AttemptSpec, late: LateValues, around: ProgramSurroundings): GatePayload {
  const ownProgram = late.argv.length === 0 || late.argv[0] === '{entrypoint}';
  const program = ownProgram ? imageProgram(spec, late, around) : late.argv.map((word) => fill(word, around));
  const cwd = late.cwd === undefined ? ownDirectory(spec, ownProgram, around) : fill(late.cwd, around);
  return {
    program,
    ...(cwd === undefined ? {} : { cwd }),
    env: {
      ...around.environment,
      ARGONAUT_WORK: around.work,
      ARGONAUT_FILES: around.files,
      ...(around.home === undefined ? {} : { HOME: around.home }),
      ...late.environment,
    },
    files: late.files.map(({ name, bytes }) => ({ name, content: bytes })),
    options: {
      deadlineMs: late.deadlineMs,
      graceMs: late.graceMs,
      holdMs: spec.holdOnFailureMs,
      ...(spec.holdOnFailureMs > 0 && spec.failOnErrorOutput ? { holdOn: 'errors' } : {}),
      streams: spec.oneStream ? 'one' : 'two',
      ...(spec.place.kind === 'host' ? { linger: spec.leftovers === 'linger' } : {}),
    },
  };
}

/** Absent: where the container begins, which is the image's WORKDIR or the option `--workdir`. */
function ownDirectory(
  { place }: AttemptSpec,
  ownProgram: boolean,
  around: ProgramSurroundings,
): string | undefined {
  const chosen = place.kind === 'container' && place.docker?.WorkingDir !== undefined;
  return ownProgram || chosen ? undefined : around.work;
}

/** As Docker does it: a replaced ENTRYPOINT drops the image's CMD. */
function imageProgram(spec: AttemptSpec, late: LateValues, around: ProgramSurroundings): string[] {
  const replaced = spec.place.kind === 'container' ? spec.place.entrypoint : undefined;
  const command = replaced?.command ?? around.entrypoint;
  const preset = replaced?.arguments ?? (replaced?.command ? [] : around.cmd);
  const given = late.argv.slice(1);
  const program = [...command, ...(late.argv.length > 0 ? given : preset)];
  if (program.length > 0) return program;
  const image = spec.place.kind === 'container' ? imageTitle(spec.place.image.reference) : 'The worker';
  throw new Invalid(
    `${image} has neither ENTRYPOINT nor CMD, so there is nothing to run. Set Argonaut.Action.Container.Command.`,
  );
}

/** A place holder counts only at the beginning of a word and as a whole path part: other text may contain braces. */
function fill(word: string, around: ProgramSurroundings): string {
  const match = /^\{(interpreter|files|work)\}(?=\/|$)/.exec(word);
  if (!match) return word;
  const name = match[1];
  const value = name === 'files' ? around.files : name === 'work' ? around.work : around.interpreter;
  if (value === undefined) {
    throw new Invalid(
      'The program asks for {interpreter}, but none was asked for when the attempt was staged.',
    );
  }
  return value + word.slice(match[0].length);
}
