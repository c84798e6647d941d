/** What the demonstration makes on an empty server: a feed, an environment, a project of three steps, a release. */
import type { Api, Resource } from './api.ts';
import type { DemoImages } from './images.ts';

const COUNT_WORDS = `text = get_octopusvariable("Octopus.Action[Write a greeting].Output.Greeting")
print(f"{text!r} has {len(text.split())} words")
set_octopusvariable("Words", str(len(text.split())))
`;

export interface DemoRelease {
  readonly release: Resource;
  readonly environment: Resource;
}

export async function makeRelease(api: Api, images: DemoImages): Promise<DemoRelease> {
  const feed = await api.post('/feeds', {
    Name: 'Docker Hub',
    FeedType: 'Docker',
    FeedUri: 'https://index.docker.io',
  });
  const environment = await api.post('/environments', { Name: 'Production' });
  const [group, lifecycle] = await Promise.all([
    api.get('/projectgroups?take=1'),
    api.get('/lifecycles?take=1'),
  ]);
  const project = await api.post('/projects', {
    Name: 'Greeting',
    ProjectGroupId: firstOf(group).Id,
    LifecycleId: firstOf(lifecycle).Id,
  });
  const process = await api.get(`/projects/${project.Id}/deploymentprocesses`);
  const step = (Name: string, image: string, properties: Record<string, string>) => ({
    Name,
    Actions: [
      {
        Name,
        ActionType: 'Octopus.Script',
        Container: { FeedId: feed.Id, Image: image },
        Properties: {
          'Octopus.Action.RunOnServer': 'true',
          'Octopus.Action.Script.ScriptSource': 'Inline',
          'Argonaut.Action.ImagePolicy': images.policy,
          ...properties,
        },
      },
    ],
  });
  await api.put(`/deploymentprocesses/${process.Id}`, {
    ...process,
    Steps: [
      step('Write a greeting', images.shell, {
        'Octopus.Action.Script.Syntax': 'Sh',
        'Octopus.Action.Script.ScriptBody':
          'echo "release #{Octopus.Release.Number} for #{Octopus.Environment.Name}"\n' +
          'set_octopusvariable Greeting "hello from a container of 2 MB"\n',
      }),
      step('Count its words', images.python, {
        'Octopus.Action.Script.Syntax': 'Python',
        'Octopus.Action.Script.ScriptBody': COUNT_WORDS,
      }),
      step('Publish a report', images.shell, {
        'Octopus.Action.Script.Syntax': 'Sh',
        'Octopus.Action.Script.ScriptBody':
          'echo "#{Octopus.Action[Count its words].Output.Words} words" > report.txt\n' +
          'new_octopusartifact report.txt\n' +
          'write_highlight "The report is an artifact of this deployment"\n',
      }),
    ],
  });
  const release = await api.post('/releases', {
    ProjectId: project.Id,
    ChannelId: firstOf(await api.get(`/projects/${project.Id}/channels`)).Id,
    Version: '1.0.0',
  });
  return { release, environment };
}

function firstOf(page: Resource): Resource {
  const [first] = page.Items as Resource[];
  if (first === undefined) throw new Error(`${String(page.ItemType)}: the list is empty on a new server.`);
  return first;
}
