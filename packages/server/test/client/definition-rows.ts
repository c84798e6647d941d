/** What the repositories of environments, processes, snapshots, packages and builds do besides the ordinary. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BuildInformationRepository,
  DeploymentProcessRepository,
  EnvironmentRepository,
  EnvironmentV2Repository,
  OverwriteMode,
  PackageRepository,
  RunbookProcessRepository,
  RunbookRepository,
  RunbookSnapshotRepository,
} from '@octopusdeploy/api-client';
import { expect } from 'vitest';
import { asksNoServer, type Rows, SPACE, type World } from './world.ts';

const environments = ({ client }: World) => new EnvironmentRepository(client, SPACE);
const packages = ({ client }: World) => new PackageRepository(client, SPACE);
const processes = ({ client }: World) => new DeploymentProcessRepository(client, SPACE);
const runbookProcesses = ({ client, project }: World) => new RunbookProcessRepository(client, SPACE, project);
const runbooks = ({ client, project }: World) => new RunbookRepository(client, SPACE, project);

async function pushed(world: World, name: string): Promise<void> {
  const path = join(world.directory, `${name}.1.0.0.zip`);
  writeFileSync(path, 'almost nothing');
  await packages(world).push([path], OverwriteMode.OverwriteExisting);
}

const EPHEMERAL = 'there are no ephemeral environments';
const GIT = 'there are no Git-stored projects';
const VARIABLES = '~/api/{spaceId}/variables{/id}';
const REF = 'refs/heads/main' as never;

export const definitionRows: Rows = {
  'EnvironmentRepository.sort': {
    works: async (world) => {
      const first = await environments(world).create({ Name: 'Goes first' } as never);
      await environments(world).sort([first.Id]);
      expect((await environments(world).list({ take: 1 })).Items[0]?.Id).toBe(first.Id);
    },
  },
  'EnvironmentRepository.machines': {
    works: async (world) => {
      const made = await environments(world).get(world.environmentId);
      const machines = await environments(world).machines(made, { skip: 0, take: 10, isDisabled: false });
      expect([machines.TotalResults, machines.Items]).toEqual([0, []]);
    },
  },
  'EnvironmentRepository.getEnvironmentByName': {
    works: async (world) => {
      expect(await environments(world).getEnvironmentByName('PRODUCTION')).toMatchObject({
        Id: world.environmentId,
        Type: 'Static',
      });
      expect(await environments(world).getEnvironmentByName('roduc')).toBeNull();
    },
  },
  'EnvironmentRepository.summary': {
    works: async (world) => {
      const summary: object = await environments(world).summary({ partialName: 'Prod' });
      expect(summary).toMatchObject({
        EnvironmentSummaries: [{ Environment: { Id: world.environmentId } }],
      });
    },
  },
  'EnvironmentRepository.variablesScopedOnlyToThisEnvironment': {
    works: async (world) => {
      const { client, environmentId, project } = world;
      const args = { spaceName: SPACE, id: `variableset-${project.Id}` };
      const set = await client.request<object>(VARIABLES, args);
      const other = await environments(world).create({ Name: 'Besides' } as never);
      const scoped = (Name: string, ids: readonly string[]) => ({
        Name,
        Value: '',
        Scope: { Environment: ids },
      });
      const Variables = [
        scoped('Only', [environmentId]),
        scoped('Both', [environmentId, other.Id]),
        scoped('Other', [other.Id]),
        { Name: 'Everywhere', Value: '' },
      ];
      await client.doUpdate(VARIABLES, { ...set, spaceName: SPACE, Variables }, args);
      const made = await environments(world).get(environmentId);
      expect(await environments(world).variablesScopedOnlyToThisEnvironment(made)).toEqual({
        HasUnauthorizedProjectVariables: false,
        HasUnauthorizedLibraryVariableSetVariables: false,
        VariableMap: { [project.Id]: [{ Id: expect.any(String), Name: 'Only' }] },
      });
    },
  },
  'EnvironmentRepository.createEphemeralEnvironment': {
    notOurs: EPHEMERAL,
    asked: (world) => environments(world).createEphemeralEnvironment('Branch', world.project.Id),
  },
  'EnvironmentRepository.getEphemeralEnvironmentProjectStatus': {
    notOurs: EPHEMERAL,
    asked: (world) =>
      environments(world).getEphemeralEnvironmentProjectStatus(world.environmentId, world.project.Id),
  },
  'EnvironmentRepository.deprovisionEphemeralEnvironmentForProject': {
    notOurs: EPHEMERAL,
    asked: (world) =>
      environments(world).deprovisionEphemeralEnvironmentForProject(world.environmentId, world.project.Id),
  },
  'EnvironmentRepository.deprovisionEphemeralEnvironment': {
    notOurs: EPHEMERAL,
    asked: (world) => environments(world).deprovisionEphemeralEnvironment(world.environmentId),
  },
  'EnvironmentV2Repository.list': {
    works: async ({ client, environmentId }) => {
      const newer = new EnvironmentV2Repository(client, SPACE);
      const only = { ids: [environmentId], partialName: 'prod', skip: 0, take: 10 };
      expect((await newer.list({ ...only, type: 'Static' })).Items).toMatchObject([{ Id: environmentId }]);
      expect((await newer.list({ ...only, type: 'Ephemeral' })).Items).toEqual([]);
    },
  },

  'DeploymentProcessRepository.get': {
    works: async (world) =>
      expect((await processes(world).get(world.project)).Steps).toMatchObject([{ Name: 'Say hello' }]),
  },
  'DeploymentProcessRepository.update': {
    works: async (world) => {
      const process = await processes(world).get(world.project);
      const saved = await processes(world).update(world.project, process);
      expect(saved).toMatchObject({ Version: process.Version + 1, Steps: process.Steps });
    },
  },
  'DeploymentProcessRepository.getByGitRef': {
    notOurs: GIT,
    asked: (world) => processes(world).getByGitRef(world.project, REF),
  },
  'DeploymentProcessRepository.updateByGitRef': {
    notOurs: GIT,
    asked: async (world) =>
      processes(world).updateByGitRef(world.project, await processes(world).get(world.project), REF),
  },
  'RunbookProcessRepository.get': {
    works: async (world) =>
      expect((await runbookProcesses(world).get(world.runbook)).Steps).toMatchObject([{ Name: 'Tidy' }]),
  },
  'RunbookProcessRepository.update': {
    works: async (world) => {
      const process = await runbookProcesses(world).get(world.runbook);
      expect((await runbookProcesses(world).update(process)).Version).toBe(process.Version + 1);
    },
  },
  'RunbookProcessRepository.getWithGitRef': {
    notOurs: GIT,
    asked: (world) => runbookProcesses(world).getWithGitRef(world.runbook, REF),
  },
  'RunbookProcessRepository.updateWithGitRef': {
    notOurs: GIT,
    asked: async (world) =>
      runbookProcesses(world).updateWithGitRef(await runbookProcesses(world).get(world.runbook), REF),
  },
  'RunbookRepository.getWithGitRef': {
    notOurs: GIT,
    asked: (world) => runbooks(world).getWithGitRef('clean-up', REF),
  },
  'RunbookRepository.createWithGitRef': {
    notOurs: GIT,
    asked: (world) => runbooks(world).createWithGitRef({ Name: 'In Git' } as never, REF),
  },
  'RunbookRepository.modifyWithGitRef': {
    notOurs: GIT,
    asked: (world) => runbooks(world).modifyWithGitRef(world.runbook, REF),
  },
  'RunbookRepository.deleteWithGitRef': {
    notOurs: GIT,
    asked: (world) => runbooks(world).deleteWithGitRef(world.runbook, REF),
  },
  'RunbookSnapshotRepository.create': {
    works: async ({ client, project, runbook }) => {
      const snapshots = new RunbookSnapshotRepository(client, SPACE, project);
      const unpublished = await snapshots.create(runbook, 'A draft', false, 'notes');
      expect(unpublished).toMatchObject({ Name: 'A draft', Notes: 'notes', RunbookId: runbook.Id });
    },
  },

  'PackageRepository.push': {
    works: async (world) => {
      await pushed(world, 'Pushed');
      expect((await packages(world).list({ nuGetPackageId: 'Pushed' })).TotalResults).toBe(1);
    },
  },
  'PackageRepository.get': {
    works: async (world) => {
      await pushed(world, 'Read');
      expect(await packages(world).get('packages-Read.1.0.0')).toMatchObject({ Version: '1.0.0' });
    },
  },
  'PackageRepository.list': {
    works: async (world) => {
      await pushed(world, 'Listed');
      const narrow = { nuGetPackageId: 'Listed', filter: 'iste', latest: true, includeNotes: true };
      expect((await packages(world).list(narrow)).Items).toMatchObject([{ PackageId: 'Listed' }]);
    },
  },
  ...asksNoServer('PackageRepository', 'packageUpload', 'upload'),
  'BuildInformationRepository.push': {
    works: async ({ client }) => {
      const told = {
        spaceName: SPACE,
        BuildEnvironment: 'CI',
        BuildNumber: '7',
        BuildUrl: 'https://ci.example.com/7',
        Branch: 'main',
        VcsType: 'Git',
        VcsRoot: 'https://git.example.com/app',
        VcsCommitNumber: 'abc',
        Commits: [{ Id: 'abc', Comment: 'a change' }],
        Packages: [{ Id: 'Built', Version: '1.0.0' }],
      };
      await new BuildInformationRepository(client, SPACE).push(told as never);
      const { TotalResults } = await client.request<{ TotalResults: number }>(
        '~/api/{spaceId}/build-information{?packageId}',
        { spaceName: SPACE, packageId: 'Built' },
      );
      expect(TotalResults).toBe(1);
    },
  },
};
