/** The steps of the sweep for canaries: what they prove, and what they show carelessly. */
import { createHash } from 'node:crypto';
import { FROM_VARIABLES } from './canary-fields.ts';
import { type Canaries, secret } from './canary-plants.ts';
import { type StepWish, wireStep } from './project-under-test.ts';

export const IMAGE = 'argonaut-test/busybox:1';
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Shell functions of the steps: a proof by hash, and the ways in which scripts show what they should not. */
const functions = `
prove() { printf 'proof %s %s\\n' "$1" "$(printf %s "$2" | sha256sum | cut -d ' ' -f 1)"; }
careless() {
  echo "careless $1"
  printf %s "$1" | base64
  printf %s "$1" | od -An -tx1 | tr -d ' \\n'; echo
}
hold() { : > /tmp/holding; echo holding; sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done' "$1"; }
`;

/** The script of the first step: everything that comes in as a variable, and what it makes of it. */
const script = `${functions}
for name in ${FROM_VARIABLES.join(' ')}; do
  value=$(get_octopusvariable "$name")
  prove "$name" "$value"
  careless "$value"
done
prove Environment "$FROM_ENVIRONMENT"
prove Parameter "$1"
careless "$1"
prove Body '#{Body}'
prove Package "$(cat settings/settings.txt)"
set_octopusvariable Made "made-$(printf %s "$(get_octopusvariable Project.Secret)" | sha256sum | cut -c 1-40)" -sensitive
masked="masked-$(printf %s "$(get_octopusvariable Asked)" | sha256sum | cut -c 1-40)"
echo "##octopus[mask value='$(printf %s "$masked" | base64 | tr -d '\\n')']"
careless "$masked"
: > "$PWD/$(printf %s "$masked").txt"
new_octopusartifact "$PWD/$(printf %s "$masked").txt" collected
rm "$PWD/$(printf %s "$masked").txt"
update_progress 50 "half of $(get_octopusvariable Project.Secret)"
echo '#{Control}' > "$PWD/control"
echo '#{Control}' > /tmp/control
echo 'in the open: #{Control}'
hold '#{Control}'
`;

/** What is proved in the log of the deployment. */
export const PROVED = [
  ...FROM_VARIABLES,
  'Environment',
  'Parameter',
  'Body',
  'Package',
  'Made',
  'Container',
  'Argument',
  'Service',
  'Service.Argument',
];
/** How often something is shown there: all that comes as a variable, and seven more. */
export const CARELESS = FROM_VARIABLES.length + 7;

export const made = (canaries: Canaries): string =>
  `made-${sha256(canaries.plant('Project.Secret')).slice(0, 40)}`;

export const masked = (canaries: Canaries): string =>
  `masked-${sha256(canaries.plant('Asked')).slice(0, 40)}`;

/** Three steps of the deployment: a script with a service, one that reads its output, and a program of an image. */
export function sweptSteps(feed: string): StepWish[] {
  return [
    {
      name: 'Script',
      image: IMAGE,
      feed,
      script,
      properties: {
        'Argonaut.Action.Environment': JSON.stringify({ FROM_ENVIRONMENT: '#{Environment}' }),
        'Octopus.Action.Script.ScriptParameters': '"#{Parameter}"',
        'Octopus.Action.Container.Options': '--label control=#{Control}',
        'Octopus.Action.EnabledFeatures': 'Octopus.Features.SubstituteInFiles',
        'Octopus.Action.SubstituteInFiles.TargetFiles': '**/*.txt',
        'Argonaut.Action.Container.Services': JSON.stringify([
          {
            name: 'beside',
            image: IMAGE,
            feed,
            command: [
              '/bin/sh',
              '-c',
              `${functions}prove Service "$SECRET"; prove Service.Argument "$1"; careless "$SECRET"; careless "$1"; exec sleep 600`,
            ],
            args: ['beside', '#{Service.Argument}'],
            env: { SECRET: '#{Service}' },
            log: 'always',
          },
        ]),
      },
      action: {
        Packages: [
          {
            Id: '',
            Name: 'settings',
            PackageId: 'Swept.Settings',
            FeedId: 'feeds-builtin',
            AcquisitionLocation: 'Server',
            Properties: { Extract: 'True', SelectionMode: 'immediate' },
          },
        ],
      },
    },
    {
      name: 'Output',
      image: IMAGE,
      feed,
      script: `${functions}prove Made "$(get_octopusvariable 'Octopus.Action[Script].Output.Made')"
careless "$(get_octopusvariable 'Octopus.Action[Script].Output.Made')"`,
    },
    {
      name: 'Container',
      type: 'Argonaut.Container',
      image: IMAGE,
      feed,
      properties: {
        'Argonaut.Action.Container.Command': JSON.stringify([
          '/bin/sh',
          '-c',
          `${functions}prove Container "$SECRET"; careless "$SECRET"; prove Argument "$1"; careless "$1"; hold '#{Control}'`,
        ]),
        'Argonaut.Action.Container.Arguments': JSON.stringify(['program', '#{Argument}']),
        'Argonaut.Action.Container.Environment': JSON.stringify({ SECRET: '#{Container}' }),
      },
    },
  ];
}

/** Secret settings of a step, of its action and of its package. */
export function withSecretSettings<P extends { readonly Steps: readonly unknown[] }>(
  process: P,
  { plant }: Canaries,
): P {
  // biome-ignore lint/suspicious/noExplicitAny: a process as the API gives it.
  const [step, ...others] = structuredClone(process.Steps) as any[];
  step.Properties['Step.Password'] = secret(plant('Step.Password'));
  step.Actions[0].Properties['My.Password'] = secret(plant('My.Password'));
  step.Actions[0].Packages[0].Properties['Reference.Password'] = secret(plant('Reference.Password'));
  return { ...process, Steps: [step, ...others] };
}

/** What is proved in the log of the runbook's run. */
export const PROVED_FAR = ['Far', 'Runbook.Asked', 'Runbook.Password'];

/** A runbook on a worker behind SSH: a plain process there, and a container that fails and is held. */
export function farSteps(feed: string, pool: string, { plant }: Canaries): readonly object[] {
  const action = { WorkerPoolId: pool };
  return [
    wireStep({
      name: 'Plain',
      script: `${functions}pwd; prove Far "$(get_octopusvariable Far)"; careless "$(get_octopusvariable Far)"`,
      action,
    }),
    wireStep({
      name: 'Held',
      image: IMAGE,
      feed,
      // Memory, not a disk: what a step writes to disks is its own doing.
      script: `${functions}
for name in Runbook.Asked Runbook.Password; do
  prove "$name" "$(get_octopusvariable "$name")"
  careless "$(get_octopusvariable "$name")"
done
printf %s "$(get_octopusvariable Runbook.Asked)" > /dev/shm/secret
exit 1`,
      properties: { 'Argonaut.Action.HoldOnFailure.Minutes': '30' },
      action,
    }),
  ].map((step, nth) => {
    // biome-ignore lint/suspicious/noExplicitAny: a step as it is sent.
    const { Actions, ...rest } = step as any;
    if (nth === 0) return step;
    const Properties = {
      ...Actions[0].Properties,
      'Runbook.Password': secret(plant('Runbook.Password')),
    };
    return { ...rest, Actions: [{ ...Actions[0], Properties }] };
  });
}

/** What is typed into the terminal: a proof that the secret is there, and the secret itself, shown in three shapes. */
export const TYPED = `printf 'proof Terminal %s\\n' "$(sha256sum < /dev/shm/secret | cut -d ' ' -f 1)"
echo "careless $(cat /dev/shm/secret)"; base64 < /dev/shm/secret; od -An -tx1 < /dev/shm/secret | tr -d ' \\n'; exit
`;
