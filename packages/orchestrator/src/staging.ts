/** Turns an action into what a worker needs to create its container: templates evaluated, defaults filled in. */
import type { AcquiredImage, Place, ServiceSpec, StepPackage } from '@argonaut/contracts/attempt';
import type { Staging } from './commands.ts';
import type { Evaluate } from './evaluating.ts';
import type { Located } from './plan-index.ts';
import type { Plan } from './plan-types.ts';
import type { Action, ActionOptions, ContainerChoice, ImageRecipe, Service } from './process.ts';

/** A gate that is not opened for so long ends by itself; its step is then staged again at its turn. */
const GATE_DEADLINE_MS = 2 * 60 * 60_000;

type ContainerPlace = Extract<Place, { kind: 'container' }>;

const DEFAULT_SERVICE_GRACE_MS = 5_000;

export type Worked<T> = { readonly value: T } | { readonly error: string };

/** Evaluates many texts, and collects every complaint. */
class Texts {
  readonly errors: string[] = [];
  readonly #evaluate: Evaluate;

  constructor(evaluate: Evaluate) {
    this.#evaluate = evaluate;
  }

  of(what: string, template: string): string {
    const { text, error } = this.#evaluate(template);
    if (error !== null) this.errors.push(`${what} "${template}" cannot be evaluated: ${error}`);
    return text ?? '';
  }

  /** A template may come to several entries, with commas or line ends between them, or to none. */
  list(what: string, templates: readonly string[]): string[] {
    return entriesOf(templates.map((template) => this.of(what, template)));
  }
}

/** The entries of texts that may hold several each. */
export function entriesOf(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split(/[,\n]/))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

export interface ImageName {
  readonly feed?: string;
  readonly reference: string;
  readonly build?: ImageRecipe;
}

/** Every image that an action needs: its own, unless it runs directly on the worker, and those of its services. */
export function containersOf({ container, services = [] }: Action): readonly ContainerChoice[] {
  return [...(container === undefined ? [] : [container]), ...services.map((service) => service.container)];
}

/** The images of an action on its worker. */
export interface StepImages {
  /** Absent: it runs directly on the worker. */
  readonly own?: AcquiredImage;
  /** In the order of its services. */
  readonly services: readonly AcquiredImage[];
}

/** What was brought to the worker for an action. */
export interface StepSupplies {
  readonly images: StepImages;
  readonly packages: readonly StepPackage[];
}

/** The other way round: what was acquired for `containersOf`, in that order. */
export function stepImages({ container }: Action, acquired: readonly AcquiredImage[]): StepImages {
  const [own, ...services] = acquired;
  return container === undefined || own === undefined ? { services: acquired } : { own, services };
}

/** What a container is to be made from now. */
export function imageName(container: ContainerChoice, evaluate: Evaluate): Worked<ImageName> {
  const texts = new Texts(evaluate);
  if (container.build !== undefined) return builtImageName(container.image, container.build, texts);
  const reference = texts.of('The image', container.image).trim();
  const feed = texts.of('The feed', container.feed ?? '').trim();
  if (reference === '' && texts.errors.length === 0) {
    texts.errors.push(
      `The image "${container.image}" evaluates to nothing. Define its variables in this scope.`,
    );
  }
  if (texts.errors.length > 0) return { error: texts.errors.join(' ') };
  return { value: { reference, ...(feed === '' ? {} : { feed }) } };
}

function builtImageName(reference: string, recipe: ImageRecipe, texts: Texts): Worked<ImageName> {
  const dockerfile = texts.of('The Dockerfile', recipe.dockerfile);
  const given = Object.entries(recipe.arguments).map(([name, value]) => [
    name,
    texts.of(`The build argument ${name}`, value),
  ]);
  if (dockerfile.trim() === '' && texts.errors.length === 0) {
    texts.errors.push(`${reference} evaluates to nothing. Define its variables in this scope.`);
  }
  if (texts.errors.length > 0) return { error: texts.errors.join(' ') };
  return { value: { reference, build: { dockerfile, arguments: Object.fromEntries(given) } } };
}

export function stagingOf(
  plan: Plan,
  { planned, step }: Located,
  options: ActionOptions,
  attempt: string,
  { images, packages }: StepSupplies,
  evaluate: Evaluate,
): Worked<Staging> {
  const { action } = planned;
  const { own: image } = images;
  const texts = new Texts(evaluate);
  const services = servicesOf(action.services ?? [], images.services, texts);
  const staging: Staging = {
    attempt,
    task: plan.task,
    server: plan.server,
    lane: planned.lane ?? '',
    title: step.actions.length === 1 ? step.name : `${step.name}: ${action.name}`,
    place: image === undefined ? { kind: 'host' } : containerPlace(action, options, image, texts),
    limits: options.limits ?? {},
    ...(services.length > 0 ? { services } : {}),
    ...(packages.length > 0 ? { packages: [...packages] } : {}),
    oneStream: options.oneStream ?? false,
    ...(options.failOnErrorOutput === true ? { failOnErrorOutput: true } : {}),
    serviceMessages: options.serviceMessages ?? true,
    gateDeadlineMs: GATE_DEADLINE_MS,
    holdOnFailureMs: options.holdOnFailureMs ?? 0,
    leftovers: options.leftovers ?? 'end',
    ...(action.run.kind === 'Script' ? { syntax: action.run.syntax } : {}),
    ...(image !== undefined && options.containerOptions !== undefined
      ? { containerOptions: texts.of('The container options', options.containerOptions) }
      : {}),
  };
  return texts.errors.length > 0 ? { error: texts.errors.join(' ') } : { value: staging };
}

function containerPlace(action: Action, options: ActionOptions, image: AcquiredImage, texts: Texts): Place {
  const extraHosts = options.extraHosts && texts.list('The extra host', options.extraHosts);
  const dns = options.dns && texts.list('The DNS server', options.dns);
  const ownEndpoint =
    (extraHosts?.length ?? 0) > 0 || (dns?.length ?? 0) > 0 || (action.services?.length ?? 0) > 0;
  return {
    kind: 'container',
    image,
    network: networkOf(options.network ?? 'lane', ownEndpoint),
    ...(options.user === undefined ? {} : { user: texts.of('The user', options.user) }),
    ...(options.readOnlyRoot === undefined ? {} : { readOnlyRoot: options.readOnlyRoot }),
    ...(extraHosts === undefined ? {} : { extraHosts }),
    ...(dns === undefined ? {} : { dns }),
    ...(action.run.kind === 'Container' ? { entrypoint: entrypoint(action.run.command, texts) } : {}),
  };
}

/** A network that is shared with other steps has no names, servers or services of one of them. */
function networkOf(wanted: ContainerPlace['network'], ownEndpoint: boolean): ContainerPlace['network'] {
  return wanted === 'lane' && ownEndpoint ? 'own' : wanted;
}

function servicesOf(
  services: readonly Service[],
  images: readonly AcquiredImage[],
  texts: Texts,
): ServiceSpec[] {
  return services.flatMap((service, index) => {
    const image = images[index];
    if (image === undefined) return [];
    return {
      name: service.name,
      image,
      ...(service.user === undefined
        ? {}
        : { user: texts.of(`The user of service "${service.name}"`, service.user) }),
      limits: service.limits ?? {},
      graceMs: service.graceMs ?? DEFAULT_SERVICE_GRACE_MS,
      log: service.log ?? 'failure',
    };
  });
}

/** The arguments may hold secrets: they go through the gate, and not into the container's configuration. */
function entrypoint(command: readonly string[] | undefined, texts: Texts): { command?: string[] } {
  if (command === undefined) return {};
  return { command: command.map((word) => texts.of('The command', word)) };
}
