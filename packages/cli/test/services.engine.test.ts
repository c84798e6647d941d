/** Services of a process file on the real engine: reached by name, with a secret, and gone with the step. */
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { afterAll, expect, test } from 'vitest';
import { Desk } from './command-under-test.ts';

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
afterAll(() => engine.close());

const web = (script: string, health: string) => `
    services:
      - name: web
        image: argonaut-test/busybox:1
        command: [sh, -c]
        args: ['${script}']
        env: { TOKEN: '#{Token}' }
        log: always
        health: ${health}`;

async function left(run: string) {
  return engine.listContainers({ 'argonaut.server': run }, AbortSignal.timeout(20_000));
}

test('a step reaches its service at its name, and finds the trace of the run', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(`
variables:
  Token: { env: TEST_TOKEN, secret: true }
steps:
  - name: use it
    image: argonaut-test/busybox:1
    network: none${web('echo serving $TOKEN; mkdir /tmp/w; echo $TOKEN >/tmp/w/t; exec httpd -f -p 80 -h /tmp/w', '{ port: 80 }')}
    run: |
      test "$(wget -qO- http://web/t)" = "$(get_octopusvariable Token)" && echo reached
      echo "trace $TRACEPARENT"
  - name: afterwards
    image: argonaut-test/busybox:1
    network: none
    run: |
      echo "trace $TRACEPARENT"
      wget -qO- http://web/t || echo "no service any more"
`);
  const { end, out, err } = await desk.run([file, '--verbose'], { TEST_TOKEN: 'trustno1trustno1' });
  expect({ end, err }).toEqual({ end: 0, err: '' });
  const lines = out.split('\n').map((line) => line.trim());
  expect(lines).toContain('reached');
  expect(lines).toContain('serving ********(Token)');
  expect(lines).toContain('no service any more');
  expect(out).toMatch(/Service "web" \(argonaut-test\/busybox:1\) is ready after/);
  const [first = '', second = ''] = lines.filter((line) => line.startsWith('trace '));
  expect(first).toMatch(/^trace 00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(second.slice(0, 41)).toBe(first.slice(0, 41));
  expect(second).not.toBe(first);
  expect(out).not.toContain('trustno1');
  const [run = ''] = await desk.runs();
  expect(await left(run)).toEqual([]);
});

test('a service that never answers fails the step, which then has not begun', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(`
variables:
  Token: { env: TEST_TOKEN, secret: true }
steps:
  - name: use it
    image: argonaut-test/busybox:1
    network: none${web('echo waiting for $TOKEN; exec sleep 60', '{ port: 80, deadline: 1s }')}
    run: echo begun
`);
  const { end, out } = await desk.run([file], { TEST_TOKEN: 'trustno1trustno1' });
  expect(end).not.toBe(0);
  expect(out).toMatch(/The service "web" was not healthy within 1 s: port 80 failed \d+ times/);
  expect(out).toContain('waiting for ********(Token)');
  expect(out).not.toMatch(/^\s*begun$/m);
  const [run = ''] = await desk.runs();
  expect(await left(run)).toEqual([]);
});
