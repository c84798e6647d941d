/** The process file of `argonaut run`: its schema, from which the published JSON Schema and the type both come. */
import { ServiceEntry } from '@argonaut/orchestrator';
import Type, { type Static } from 'typebox';

const strict = { additionalProperties: false };

/** `title` of a choice is what an error message says was expected. */
const Duration = Type.Union(
  [Type.Number({ minimum: 0 }), Type.String({ pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h))+$' })],
  {
    title: 'a duration such as 90s, 5m or 1h30m (a plain number is seconds)',
  },
);

const Size = Type.Union(
  [Type.Integer({ minimum: 1 }), Type.String({ pattern: '^\\d+(\\.\\d+)?\\s*([kmgKMG](i?[bB])?|[bB])?$' })],
  { title: 'a size such as 512MiB or 2g (a plain number is bytes)' },
);

const Text = Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
  title: 'a text, a number, true or false',
});

export const VariableEntry = Type.Union(
  [
    Text,
    Type.Object(
      {
        value: Type.Optional(Text),
        env: Type.Optional(
          Type.String({
            description: 'Take the value from this environment variable, at the start and at a resume.',
          }),
        ),
        secret: Type.Optional(
          Type.Boolean({
            description: 'Hide the value in every log. Secrets must come from the environment.',
          }),
        ),
      },
      strict,
    ),
  ],
  { title: 'a text, or {value} or {env, secret}' },
);

export const StepEntry = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      description: 'What the step is called; outputs are referred to by it.',
    }),
    image: Type.Optional(
      Type.String({
        description:
          'Image as the engine knows it. Without this and `build` the step runs directly on this machine.',
      }),
    ),
    build: Type.Optional(
      Type.Object(
        {
          dockerfile: Type.String({
            minLength: 1,
            description: 'The text of a Dockerfile; it finds no files beside it. No place for secrets.',
          }),
          args: Type.Optional(Type.Record(Type.String(), Text, { description: 'Values of `ARG`.' })),
        },
        {
          ...strict,
          description: 'The image is built on this machine, and again only when something of this changes.',
        },
      ),
    ),
    pull: Type.Optional(
      Type.Union([Type.Literal('always'), Type.Literal('if-not-present'), Type.Literal('never')], {
        title: 'always, if-not-present or never',
        default: 'if-not-present',
      }),
    ),
    run: Type.Optional(Type.String({ description: 'A script. `#{Name}` stands for a variable.' })),
    shell: Type.Optional(
      Type.Union([Type.Literal('sh'), Type.Literal('bash'), Type.Literal('python'), Type.Literal('pwsh')], {
        title: 'sh, bash, python or pwsh',
        description: 'Language of `run`; default sh.',
        default: 'sh',
      }),
    ),
    command: Type.Optional(
      Type.Array(Type.String(), { description: "Replaces the image's ENTRYPOINT. No place for secrets." }),
    ),
    args: Type.Optional(Type.Array(Type.String(), { description: "Replaces the image's CMD." })),
    env: Type.Optional(Type.Record(Type.String(), Text, { description: 'Environment of the program.' })),
    workdir: Type.Optional(Type.String({ description: 'Working directory of the program.' })),
    user: Type.Optional(Type.String({ description: 'uid[:gid], or a name in the image.' })),
    timeout: Type.Optional(Duration),
    grace: Type.Optional(Duration),
    retries: Type.Optional(
      Type.Union(
        [
          Type.Integer({ minimum: 0, maximum: 100 }),
          Type.Object(
            { max: Type.Integer({ minimum: 0, maximum: 100 }), backoff: Type.Optional(Duration) },
            strict,
          ),
        ],
        { title: 'a number of retries, or {max, backoff}' },
      ),
    ),
    when: Type.Optional(
      Type.String({ description: 'success (default), failure, always, or an expression such as #{Deploy}.' }),
    ),
    parallel: Type.Optional(Type.Boolean({ description: 'Starts together with the step before.' })),
    network: Type.Optional(
      Type.Union([Type.Literal('lane'), Type.Literal('none'), Type.Literal('own')], {
        title: 'lane, none or own',
        description: 'lane (default): shared with the steps around it; none; own: an endpoint of its own.',
      }),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          cpus: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
          memory: Type.Optional(Size),
          pids: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        strict,
      ),
    ),
    services: Type.Optional(
      Type.Array(Type.Omit(ServiceEntry, ['feed'], strict), {
        description:
          'Containers beside the step, reached at their names and at localhost. They begin before it and end with it.',
      }),
    ),
    hosts: Type.Optional(Type.Array(Type.String(), { description: 'Further hosts, as name:address.' })),
    dns: Type.Optional(Type.Array(Type.String())),
    volumes: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^:]+:/[^:]*(:ro)?$' }), {
        description: 'Directories and files of this machine, as source:/target or source:/target:ro.',
      }),
    ),
    options: Type.Optional(
      Type.String({
        description: 'Further options of `docker run`, such as `--cap-drop ALL --shm-size 1g`.',
      }),
    ),
    readonly: Type.Optional(Type.Boolean({ description: 'A root file system that cannot be written to.' })),
    oneStream: Type.Optional(
      Type.Boolean({ description: 'Exact order of stdout and stderr, in one stream.' }),
    ),
    failOnErrorOutput: Type.Optional(
      Type.Boolean({ description: 'Fails the step when it writes to stderr; default false.' }),
    ),
    messages: Type.Optional(Type.Boolean({ description: 'Read ##octopus[…] lines; default true.' })),
  },
  strict,
);
export type StepEntry = Static<typeof StepEntry>;

export const ProcessFile = Type.Object(
  {
    name: Type.Optional(Type.String({ description: 'What the run is called.' })),
    variables: Type.Optional(Type.Record(Type.String(), VariableEntry)),
    steps: Type.Array(StepEntry, { minItems: 1 }),
  },
  {
    ...strict,
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Argonaut process file',
    description:
      'Steps for `argonaut run`: each runs in a container of the given image, or directly on this machine.',
  },
);
export type ProcessFile = Static<typeof ProcessFile>;
