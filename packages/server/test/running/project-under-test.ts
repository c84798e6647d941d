/** A project with a process, a release and an environment, made through the API as a client would. */
/** Whatever answers requests: a server in memory or a process. */
export interface Caller {
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  call(method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown): Promise<{ status: number; body: any }>;
}

export interface StepWish {
  readonly name: string;
  readonly script?: string;
  readonly syntax?: 'Sh' | 'Bash' | 'Python';
  readonly image?: string;
  readonly feed?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly step?: Readonly<Record<string, unknown>>;
  readonly action?: Readonly<Record<string, unknown>>;
}

/** The wire's form of a step with one action. */
export function wireStep(wish: StepWish): object {
  const { name, script, image, feed } = wish;
  return {
    Name: name,
    Condition: 'Success',
    StartTrigger: 'StartAfterPrevious',
    PackageRequirement: 'LetOctopusDecide',
    Properties: {},
    ...wish.step,
    Actions: [
      {
        Name: name,
        ActionType: wish.type ?? 'Octopus.Script',
        ...(image === undefined ? {} : { Container: { Image: image, FeedId: feed ?? null } }),
        Properties: {
          ...(script === undefined
            ? {}
            : {
                'Octopus.Action.RunOnServer': 'true',
                'Octopus.Action.Script.ScriptSource': 'Inline',
                'Octopus.Action.Script.Syntax': wish.syntax ?? 'Sh',
                'Octopus.Action.Script.ScriptBody': script,
              }),
          ...wish.properties,
        },
        ...wish.action,
      },
    ],
  };
}

export interface Made {
  readonly projectId: string;
  readonly environmentId: string;
  readonly releaseId: string;
  readonly version: string;
}

let projects = 0;

/** Throws with the answer when a request is refused. */
export async function makeProject(
  server: Caller,
  steps: readonly StepWish[],
  options: {
    readonly name?: string;
    readonly environment?: string;
    readonly variables?: readonly object[];
  } = {},
): Promise<Made> {
  projects += 1;
  const name = options.name ?? `Project ${projects}`;
  const call = async (method: 'GET' | 'POST' | 'PUT', url: string, body?: object) => {
    const reply = await server.call(method, url, body);
    if (reply.status >= 300)
      throw new Error(`${method} ${url}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  const environmentName = options.environment ?? 'Production';
  const known = await call('GET', `/api/environments/all?name=${encodeURIComponent(environmentName)}`);
  const environment = known[0] ?? (await call('POST', '/api/environments', { Name: environmentName }));
  const groups = await call('GET', '/api/projectgroups/all');
  const lifecycles = await call('GET', '/api/lifecycles/all');
  const project = await call('POST', '/api/projects', {
    Name: name,
    ProjectGroupId: groups[0].Id,
    LifecycleId: lifecycles[0].Id,
  });
  const process = await call('GET', `/api/projects/${project.Id}/deploymentprocesses`);
  await call('PUT', `/api/projects/${project.Id}/deploymentprocesses`, {
    ...process,
    Steps: steps.map(wireStep),
  });
  if (options.variables !== undefined) {
    const set = await call('GET', `/api/variables/${project.VariableSetId}`);
    await call('PUT', `/api/variables/${project.VariableSetId}`, { ...set, Variables: options.variables });
  }
  const release = await call('POST', '/api/releases/create/v1', { ProjectName: name });
  return {
    projectId: project.Id,
    environmentId: environment.Id,
    releaseId: release.ReleaseId,
    version: release.ReleaseVersion,
  };
}
