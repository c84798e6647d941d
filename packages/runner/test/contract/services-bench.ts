/** What the contract of services stages, opens and looks at. */
import type {
  AttemptEnded,
  AttemptSpec,
  LateService,
  Outcome,
  ServiceReport,
  ServiceSpec,
  TellLine,
} from '@argonaut/contracts/attempt';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { TestImage } from '../../../../scripts/images/catalogue.ts';
import { Bench, bytesOf, late, namedSecrets, type OpenPorts, patience } from './bench.ts';

export interface Beside {
  readonly image?: TestImage;
  readonly script?: string;
  readonly spec?: Partial<ServiceSpec>;
  readonly late?: Partial<LateService>;
}

/** An HTTP server that gives what its variable says. */
export const web = 'mkdir /tmp/w; echo "$GREETING" > /tmp/w/hello; exec httpd -f -p 8080 -h /tmp/w';
export const reached = 'wget -qO- http://web:8080/hello; wget -qO- http://127.0.0.1:8080/hello';

/** To be called where tests are declared: it opens its bench before them. */
export function serviceBench(openPorts: OpenPorts) {
  let bench: Bench;
  const used: string[] = [];
  beforeAll(async () => {
    bench = await Bench.open(openPorts);
  });
  afterEach(async () => {
    for (const attempt of used.splice(0)) await bench.runner.discard(attempt, 1, patience()).catch(() => {});
  });
  afterAll(() => bench?.close());

  async function specOf(services: Readonly<Record<string, Beside>>, over: Partial<AttemptSpec> = {}) {
    const specs: ServiceSpec[] = [];
    for (const [name, { image = 'busybox', spec }] of Object.entries(services)) {
      specs.push({
        name,
        image: await bench.image(image),
        limits: {},
        graceMs: 2_000,
        log: 'failure',
        ...spec,
      });
    }
    const made = await bench.spec({ spec: { services: specs, ...over } });
    used.push(made.attempt);
    return made;
  }

  function open(
    attempt: string,
    script: string,
    services: Readonly<Record<string, Beside>>,
    secrets: Readonly<Record<string, string>> = {},
    tell: TellLine = () => {},
  ) {
    const beside = Object.entries(services).map(
      ([name, { script: body, late: given }]): LateService => ({
        name,
        argv: body === undefined ? [] : ['sh', '-c', body],
        environment: {},
        health: {},
        ...given,
      }),
    );
    const values = { ...late(script), services: beside, secrets: namedSecrets(secrets) };
    return bench.runner.open(attempt, 1, values, tell, patience());
  }

  async function told(attempt: string, secrets: Readonly<Record<string, string>> = {}) {
    const chunks = [];
    let ended: AttemptEnded | undefined;
    let confirmed: Outcome | undefined;
    const during: ServiceReport[] = [];
    for await (const event of bench.follow(attempt, { secrets })) {
      if (event.type === 'log') chunks.push(event);
      else if (event.type === 'service-ended') during.push(event.service);
      else if (event.type === 'ended') ended = event;
      else if (event.type === 'confirmed') confirmed = event.outcome;
    }
    return {
      stdout: bytesOf(chunks, 'stdout').toString(),
      services: ended?.services ?? [],
      during,
      confirmed,
    };
  }

  async function left(attempt: string) {
    return (await bench.containers()).filter(({ name }) => name.startsWith(`argonaut-${attempt}`));
  }

  const goneAfterFinish = async (attempt: string) => {
    await bench.finish(attempt);
    await bench.runner.settled();
    expect(await left(attempt)).toEqual([]);
  };

  return {
    /** Only while tests run. */
    get bench(): Bench {
      return bench;
    },
    specOf,
    open,
    told,
    left,
    goneAfterFinish,
  };
}
