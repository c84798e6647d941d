/** Services of a process file on the real engine: reached by name, with a secret, and gone with the step. */
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { afterAll, expect, test } from 'vitest';
import { Desk } from './command-under-test.ts';

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
afterAll(() => engine.close());

const SECRET = 'trustno1trustno1';

/** A run of these steps, and of those with a `service` the script and the health check of its service `web`. */
async function runOf(
  desk: Desk,
  steps: readonly {
    readonly name: string;
    readonly run: string;
    readonly service?: { readonly script: string; readonly health: object };
  }[],
) {
  const process_ = {
    variables: { Token: { env: 'TEST_TOKEN', secret: true } },
    steps: steps.map(({ service, ...step }) => ({
      ...step,
      image: 'argonaut-test/busybox:1',
      network: 'none',
      ...(service && { services: [serviceOf(service)] }),
    })),
  };
  const ended = await desk.run([await desk.file(JSON.stringify(process_)), '--verbose'], {
    TEST_TOKEN: SECRET,
  });
  expect(ended.out).not.toContain(SECRET);
  const [run = ''] = await desk.runs();
  const left = await engine.listContainers({ 'argonaut.server': run }, AbortSignal.timeout(20_000));
  expect(left).toEqual([]);
  return { ...ended, lines: ended.out.split('\n').map((line) => line.trim()) };
}

function serviceOf({ script, health }: { readonly script: string; readonly health: object }) {
  return {
    name: 'web',
    image: 'argonaut-test/busybox:1',
    command: ['sh', '-c'],
    args: [script],
    env: { TOKEN: '#{Token}' },
    log: 'always',
    health,
  };
}

test('a step reaches its service at its name, and finds the trace of the run', async () => {
  await using desk = await Desk.make();
  const { end, err, lines } = await runOf(desk, [
    {
      name: 'use it',
      run: 'test "$(wget -qO- http://web/t)" = "$(get_octopusvariable Token)" && echo reached\necho "trace $TRACEPARENT"',
      service: {
        script: 'echo serving $TOKEN; mkdir /tmp/w; echo $TOKEN >/tmp/w/t; exec httpd -f -p 80 -h /tmp/w',
        health: { port: 80 },
      },
    },
    {
      name: 'afterwards',
      run: 'echo "trace $TRACEPARENT"\nwget -qO- http://web/t || echo "no service any more"',
    },
  ]);
  expect({ end, err }).toEqual({ end: 0, err: '' });
  expect(lines).toEqual(
    expect.arrayContaining(['reached', 'serving ********(Token)', 'no service any more']),
  );
  expect(lines.join('\n')).toMatch(/Service "web" \(argonaut-test\/busybox:1\) is ready after/);
  expect(lines.join('\n')).toMatch(
    /Service "web" .* has been started; the step waits for port 80, 120 s at most\./,
  );
  const [first = '', second = ''] = lines.filter((line) => line.startsWith('trace '));
  expect(first).toMatch(/^trace 00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(second.slice(0, 41)).toBe(first.slice(0, 41));
  expect(second).not.toBe(first);
});

test('a service that never answers fails the step, which then has not begun', async () => {
  await using desk = await Desk.make();
  const { end, out, lines } = await runOf(desk, [
    {
      name: 'use it',
      run: 'echo begun',
      service: { script: 'echo waiting for $TOKEN; exec sleep 60', health: { port: 80, deadline: '1s' } },
    },
  ]);
  expect(end).not.toBe(0);
  expect(out).toMatch(/The service "web" was not healthy within 1 s: port 80 failed \d+ times/);
  expect(lines).toContain('waiting for ********(Token)');
  expect(lines).not.toContain('begun');
});
