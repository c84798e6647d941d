/** A project to begin with, as most of these tests need one. */
import type { Reply, TestServer } from '../support.ts';
import { testServer } from '../support.ts';

export interface ProjectWorld extends AsyncDisposable {
  readonly server: TestServer;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  readonly project: any;
  /** Saves a process over the present one and gives it back as it was saved. */
  saveSteps(steps: readonly object[]): Promise<Reply>;
}

/** A server with one project in the default space, whose lifecycle allows every environment. */
export async function projectWorld(fields: object = {}): Promise<ProjectWorld> {
  const server = await testServer();
  const made = await server.call('POST', '/api/Spaces-1/projects', {
    Name: 'Shop',
    ProjectGroupId: 'ProjectGroups-1',
    LifecycleId: 'Lifecycles-1',
    ...fields,
  });
  if (made.status !== 201) throw new Error(`No project: ${JSON.stringify(made.body)}`);
  const process = `/api/Spaces-1/projects/${made.body.Id}/deploymentprocesses`;
  return {
    server,
    project: made.body,
    saveSteps: async (steps) => {
      const { body } = await server.get(process);
      return server.call('PUT', process, { ...body, Steps: steps });
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A step with one action of the same name. */
export function step(name: string, action: object = {}, fields: object = {}): object {
  return {
    Name: name,
    Actions: [
      {
        Name: name,
        ActionType: 'Octopus.Script',
        Properties: {
          'Octopus.Action.RunOnServer': 'True',
          'Octopus.Action.Script.ScriptSource': 'Inline',
          'Octopus.Action.Script.Syntax': 'Bash',
          'Octopus.Action.Script.ScriptBody': `echo ${name}`,
        },
        ...action,
      },
    ],
    ...fields,
  };
}
