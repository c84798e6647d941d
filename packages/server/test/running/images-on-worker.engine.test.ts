/** Through the server: an image that is built on the worker, and a registry that dies in the middle of a pull. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { passwordRegistry, registry } from '../../../../test/services.ts';
import { cuttingProxy } from '../../../runner/test/cutting-proxy.ts';
import { pushedImage } from '../../../runner/test/pushed-image.ts';
import { Deployer } from '../bad-input/deployer.ts';

const docker = promisify(execFile);
/** Far above what it takes: a pull that is cut off is tried again by the engine itself, with pauses that nobody can shorten. */
const DEADLINE_MS = 600_000;

it(
  'an image of a step is built on the worker from its Dockerfile, from what only a feed may pull; then it is there',
  async () => {
    const { host, credentials } = await passwordRegistry();
    await using deployer = await Deployer.start();
    await deployer.make('/api/feeds', {
      Name: 'Private',
      FeedType: 'Docker',
      FeedUri: `http://${host}`,
      Username: credentials.username,
      Password: { HasValue: true, NewValue: credentials.password },
    });
    const mark = randomUUID();
    const step = {
      name: 'Builds',
      script: 'cat /mark',
      action: {
        Container: {
          Image: null,
          FeedId: null,
          GitUrl: null,
          Dockerfile: `FROM ${host}/argonaut-test/musl:1\nARG MARK\nRUN echo "$MARK for #{Octopus.Environment.Name}" > /mark\n`,
        },
      },
      properties: { 'Argonaut.Action.Container.BuildArguments': JSON.stringify({ MARK: mark }) },
    };
    const first = await deployer.run(step);
    expect([first.task.State, first.task.ErrorMessage]).toEqual(['Success', '']);
    expect(first.log).toContain('the image of step "Builds": step 3 of 3: RUN echo "$MARK for Production"');
    expect(first.log).toContain(`${mark} for Production`);
    const deployment = await deployer.server.call(
      'GET',
      `/api/deployments/${first.task.Arguments.DeploymentId}`,
    );
    const table = `/api/argonaut/Spaces-1/releases/${deployment.body.ReleaseId}/images`;
    expect((await deployer.server.call('GET', table)).body.Items).toMatchObject([
      { FeedId: '', Image: `${host}/argonaut-test/musl:1`, LockedBy: 'Creation', Problem: null },
    ]);
    const second = await deployer.run(step);
    expect(second.task.State).toBe('Success');
    expect(second.log).toContain(`${mark} for Production`);
    expect(second.log).not.toContain('Building');

    const wrong = {
      ...step.action.Container,
      Dockerfile: `FROM ${host}/argonaut-test/musl:1\n\nRUN exit 9\n`,
    };
    const failed = await deployer.run({ ...step, action: { Container: wrong } });
    expect(failed.task.ErrorMessage).toMatch(
      /line 3 of its Dockerfile \(RUN exit 9\): the program ended with code 9/,
    );
    const [built = ''] = /argonaut\.local\/built:\w+/.exec(second.log) ?? [];
    if (built !== '') await docker('docker', ['rmi', built]);
    await deployer.nothingLeft();
  },
  DEADLINE_MS,
);

it(
  'a registry that dies in the middle of a pull fails the step by name; the next deployment pulls the whole',
  async () => {
    const { host } = await registry();
    await using proxy = await cuttingProxy(host);
    await using deployer = await Deployer.start();
    const feed = await deployer.make('/api/feeds', {
      Name: 'Fragile',
      FeedType: 'Docker',
      FeedUri: `http://${proxy.host}`,
    });
    const image = `argonaut-test/fragile-${randomUUID()}:1`;
    await using _pushed = await pushedImage(`${host}/${image}`);
    const step = { name: 'pulls', image, feed: feed.Id, script: 'echo here' };
    proxy.cutAfter = 200_000;
    proxy.onCut = () => proxy.die();
    const cut = await deployer.run(step);
    expect(cut.task.State).toBe('Failed');
    expect(cut.task.ErrorMessage).toContain(proxy.host);
    proxy.cutAfter = Number.POSITIVE_INFINITY;
    await proxy.revive();
    const whole = await deployer.run(step);
    expect([whole.task.State, whole.log]).toEqual(['Success', expect.stringContaining('here')]);
    await deployer.nothingLeft();
  },
  DEADLINE_MS,
);
