/** Options of `docker run` that no policy can allow: what they would change is Argonaut's own, or reaches past the step. */

const process1 =
  "argonaut-init is process 1 in every step's container: it reaps, forwards signals and writes the exit record";
const lifetime =
  'Argonaut starts, follows and removes the container, so that a step starts once and its outcome is known';
const streams = 'the log is written by argonaut-init, and nobody is attached to the container';
const health = 'a health check would run before the step may';
const file = 'it names a file of whoever calls docker; write its lines as options instead';

/** Flag → why not, and what to do instead. */
export const refusedFlags: Readonly<Record<string, string>> = {
  '--init': `${process1}. Leave it out: you have it`,
  '--entrypoint': `${process1}. Use the step type "Run a container" with a command`,
  '--pid': process1,
  '--stop-signal': `${process1}. It sends the step TERM, and KILL after the grace period`,
  '--stop-timeout': 'the grace period is a setting of the step',
  '--rm': `${lifetime}. Leave it out: you have it`,
  '--name': lifetime,
  '--restart': `${lifetime}. Retries are a setting of the step`,
  '--detach': lifetime,
  '--cidfile': lifetime,
  '--pull': 'the pull policy is a setting of the step',
  '--interactive': streams,
  '--tty': streams,
  '--attach': streams,
  '--sig-proxy': streams,
  '--detach-keys': streams,
  '--log-driver': streams,
  '--log-opt': streams,
  '--health-cmd': health,
  '--health-interval': health,
  '--health-retries': health,
  '--health-start-interval': health,
  '--health-start-period': health,
  '--health-timeout': health,
  '--no-healthcheck': `${health}. Leave it out: you have it`,
  '--env-file': file,
  '--label-file': file,
  '--volumes-from': "a step's container must not depend on what another one mounts",
  '--volume-driver': 'drivers and their options can bind any directory of the worker',
  '--link': 'steps of one lane share a network: use localhost, or --network with a network of the pool',
  '--publish':
    'ports of the worker are shared by all that runs there. Steps of one lane reach each other on localhost',
  '--publish-all':
    'ports of the worker are shared by all that runs there. Steps of one lane reach each other on localhost',
  '--runtime': 'the runtime is a setting of the engine',
  '--isolation': 'it is for Windows only',
  '--cgroup-parent': 'limits of the worker are kept by the place of the container in the tree of cgroups',
  '--device-cgroup-rule': 'it opens devices that --device would have to name',
  '--oom-kill-disable': 'a step that is out of memory must end',
  '--oom-score-adj': 'a step that is out of memory must end before the engine does',
  '--sysctl': 'kernel parameters are settings of the worker',
  '--storage-opt': 'storage is a setting of the engine',
  '--memory-swap': 'swap does not stretch the memory of a step: it equals --memory',
  '--memory-swappiness': 'swap does not stretch the memory of a step',
};

/** Short spellings of refused flags. */
export const refusedShort: Readonly<Record<string, string>> = {
  d: '--detach',
  i: '--interactive',
  t: '--tty',
  a: '--attach',
  p: '--publish',
  P: '--publish-all',
};

/** Of those, the ones that no value follows: they may stand in a bundle such as `-it`. */
export const refusedSwitches: ReadonlySet<string> = new Set(['d', 'i', 't', 'P']);
