/** The steps of the sweep for canaries: what they prove, what they show carelessly, and what is refused. */
import { createHash } from 'node:crypto';
import type { StepWish } from './project-under-test.ts';

export const IMAGE = 'argonaut-test/busybox:1';
/** Canaries that the first step reads as variables. */
export const FROM_VARIABLES = ['Project.Secret', 'Library.Secret', 'Asked', 'Login.Password', 'My.Password'];
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Shell functions of the steps: a proof by hash, and the ways in which scripts show what they should not. */
export const functions = `
prove() { printf 'proof %s %s\\n' "$1" "$(printf %s "$2" | sha256sum | cut -d ' ' -f 1)"; }
careless() {
  echo "careless $1"
  printf %s "$1" | base64
  printf %s "$1" | od -An -tx1 | tr -d ' \\n'; echo
}
hold() { : > /tmp/holding; echo holding; sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done' "$1"; }
`;

/** The script of the first step: everything that comes in as a variable, and what it makes of it. */
export const script = `${functions}
for name in ${FROM_VARIABLES.join(' ')}; do
  value=$(get_octopusvariable "$name")
  prove "$name" "$value"
  careless "$value"
done
prove Environment "$FROM_ENVIRONMENT"
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

export const made = (canaries: ReadonlyMap<string, string>): string =>
  `made-${sha256(canaries.get('Project.Secret') ?? '').slice(0, 40)}`;

export const masked = (canaries: ReadonlyMap<string, string>): string =>
  `masked-${sha256(canaries.get('Asked') ?? '').slice(0, 40)}`;

/** What the engine would keep: each of these steps is refused. */
export const REFUSED: readonly (Pick<StepWish, 'name' | 'type' | 'script'> & {
  property: string;
  value: string;
})[] = [
  { name: 'Options', property: 'Octopus.Action.Container.Options', value: '--label t=#{Refused}' },
  { name: 'Hosts', property: 'Argonaut.Action.ExtraHosts', value: '#{Refused}:10.0.0.1' },
  { name: 'Servers', property: 'Argonaut.Action.Dns', value: '#{Refused}' },
  {
    name: 'Command',
    type: 'Argonaut.Container',
    property: 'Argonaut.Action.Container.Command',
    value: '["echo", "#{Refused}"]',
  },
  {
    name: 'Beside',
    property: 'Argonaut.Action.Container.Services',
    value: JSON.stringify([
      { name: 'db', image: IMAGE, command: ['sleep', '60'], health: { run: 'test #{Refused}' } },
    ]),
  },
];
