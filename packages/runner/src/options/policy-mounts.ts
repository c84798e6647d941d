/** The part of the policy about what is mounted, and where. */
import { mountPoints } from '@argonaut/init';
import { workFolder } from '../attempts/staging-directory.ts';
import type { MountOption } from './mounts.ts';
import { allows, listed, type OptionsPolicy, type Refuse, type WhereLeads } from './options-policy.ts';
import { overlap, plainPath, within } from './paths.ts';

/** Where engines listen; whoever mounts a directory that holds one of them has it as well. */
export const engineSockets = [
  '/run/docker.sock',
  '/run/docker',
  '/run/containerd',
  '/run/podman',
  '/run/crio',
  '/run/user',
] as const;
/** Wherever it lies: engines may listen in any place. */
const socketName = /\/(docker|containerd|podman|crio|cri-dockerd|buildkitd)\.sock(\/|$)/;

/** Of ours, and what holds them. */
const ourTargets = [mountPoints.init, mountPoints.attempt, mountPoints.run];
/** What of it is the step's. */
const stepDirectory = `${mountPoints.attempt}/${workFolder}`;
/** The engine and the kernel put what a container needs there. */
const systemTargets = ['/proc', '/sys', '/dev'];

export function checkMount(
  mount: MountOption,
  policy: OptionsPolicy,
  whereLeads: WhereLeads,
  refuse: Refuse,
): void {
  checkTarget(mount, refuse);
  if (mount.kind === 'volume' && mount.source !== undefined) {
    if (/^argonaut/i.test(mount.source))
      refuse(mount.flag, 'volumes that begin with "argonaut" are Argonaut\'s own');
    else if (!allows(policy.volumes, mount.source)) {
      refuse(mount.flag, `the named volumes it allows are ${listed(policy.volumes)}`);
    }
  }
  if (mount.kind === 'bind') {
    for (const source of new Set([plainPath(mount.source), plainPath(whereLeads(mount.source))])) {
      if (checkSource(source, mount, policy, refuse)) return;
    }
  }
}

/** A directory that does not exist is made, also where init or the runner keep what is theirs. */
export function checkWorkingDirectory(path: string, flag: string, refuse: Refuse): void {
  const plain = plainPath(path);
  if (within(plain, stepDirectory)) return;
  const ours = ourTargets.find((target) => within(plain, target));
  if (ours !== undefined) refuse(flag, `${ours} in the container is Argonaut's own`);
}

function checkTarget({ target, flag }: MountOption, refuse: Refuse): void {
  const plain = plainPath(target);
  const ours = ourTargets.find((path) => overlap(plain, path));
  if (ours !== undefined) refuse(flag, `${ours} in the container is Argonaut's own`);
  const system = systemTargets.find((path) => within(plain, path) && !within(plain, '/dev/shm'));
  if (system !== undefined) refuse(flag, `nothing is mounted into ${system} of a container`);
}

/** True when it was refused: once is enough for one mount. */
function checkSource(
  source: string,
  { flag, readOnly }: Extract<MountOption, { kind: 'bind' }>,
  policy: OptionsPolicy,
  refuse: Refuse,
): boolean {
  const place = policy.binds.find(({ directory }) => within(source, plainPath(directory)));
  if (place === undefined) {
    refuse(
      flag,
      `the directories of the worker it allows are ${listed(policy.binds.map(({ directory }) => directory))}`,
    );
    return true;
  }
  if (place.readOnly && !readOnly) {
    refuse(flag, `${place.directory} may be mounted read-only only (add :ro)`);
    return true;
  }
  const reachesSocket = engineSockets.some((path) => overlap(source, path)) || socketName.test(source);
  if (reachesSocket && !policy.engineSockets) {
    refuse(flag, "it would give the step a container engine's socket, and with it the worker");
    return true;
  }
  const closed = policy.closedDirectories.find((path) => overlap(source, plainPath(path)));
  if (closed !== undefined) {
    refuse(flag, `${closed} of the worker is never mounted`);
    return true;
  }
  return false;
}
