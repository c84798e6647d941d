/** A library set of script modules, from the API to the files beside a script. */
import { expect, it } from 'vitest';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

it('the script modules of a library set lie beside the scripts of the projects that include it', async () => {
  let files: readonly string[] = [];
  await using server = await fakeWork((_title, late) => {
    files = late.files.map(({ name, bytes }) => `${name}: ${Buffer.from(bytes).toString()}`);
    return {};
  });
  const made = await makeProject(server, [{ name: 'Greets', syntax: 'Bash', script: '. Tools.sh; greet' }]);
  const { body: set } = await server.call('POST', '/api/Spaces-1/libraryvariablesets', {
    Name: 'Tools',
    ContentType: 'ScriptModule',
  });
  const { body: variables } = await server.get(`/api/Spaces-1/variables/${set.VariableSetId}`);
  const saved = await server.call('PUT', `/api/Spaces-1/variables/${set.VariableSetId}`, {
    ...variables,
    Variables: [
      { Name: 'Octopus.Script.Module[Tools]', Value: 'greet() { echo hello; }' },
      { Name: 'Octopus.Script.Module.Language[Tools]', Value: 'Bash' },
    ],
  });
  expect(saved.status).toBe(200);
  const { body: project } = await server.get(`/api/Spaces-1/projects/${made.projectId}`);
  await server.call('PUT', `/api/Spaces-1/projects/${made.projectId}`, {
    ...project,
    IncludedLibraryVariableSetIds: [set.Id],
  });
  const { body: release } = await server.call('POST', '/api/Spaces-1/releases/create/v1', {
    ProjectName: project.Name,
  });
  const { taskId } = await server.deploy(release.ReleaseId, made.environmentId);
  await server.task(taskId, ({ IsCompleted }) => IsCompleted);
  expect(files).toContain('Tools.sh: greet() { echo hello; }');
});
