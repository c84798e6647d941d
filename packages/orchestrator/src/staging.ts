/** Turns an action into what a worker needs to create its container: templates evaluated, defaults filled in. */
import type { AcquiredImage, Place, ServiceSpec, StepPackage } from '@argonaut/contracts/attempt';
import type { Staging } from './commands.ts';
import type { Evaluate } from './evaluating.ts';
import type { Located } from './plan-index.ts';
import type { Plan } from './plan-types.ts';
import type { Action, ActionOptions, ContainerChoice, ImageRecipe, Service } from './process.ts';
import { StoredTexts, type Watch, type Worked } from './stored-texts.ts';

/** A gate that is not opened for so long ends by itself; its step is then staged again at its turn. */
const GATE_DEADLINE_MS = 2 * 60 * 60_000;

type ContainerPlace = Extract<Place, { kind: 'container' }>;

const DEFAULT_SERVICE_GRACE_MS = 5_000;

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

/** What a container is to be made from now. With `watch`, unless a sensitive variable decides it. */
export function imageName(container: ContainerChoice, evaluate: Evaluate, watch?: Watch): Worked<ImageName> {
  const texts = new StoredTexts(evaluate, watch);
  if (container.build !== undefined) return builtImageName(container.image, container.build, texts);
  const reference = texts.of('The image', container.image, 'image').trim();
  const feed = texts.of('The feed', container.feed ?? '', 'image').trim();
  if (reference === '' && texts.errors.length === 0) {
    texts.errors.push(
      `The image "${container.image}" evaluates to nothing. Define its variables in this scope.`,
    );
  }
  return texts.worked({ reference, ...(feed === '' ? {} : { feed }) });
}

function builtImageName(reference: string, recipe: ImageRecipe, texts: StoredTexts): Worked<ImageName> {
  const dockerfile = texts.of('The Dockerfile', recipe.dockerfile, 'build');
  const given = Object.entries(recipe.arguments).map(([name, value]) => [
    name,
    texts.of(`The build argument ${name}`, value, 'build'),
  ]);
  if (dockerfile.trim() === '' && texts.errors.length === 0) {
    texts.errors.push(`${reference} evaluates to nothing. Define its variables in this scope.`);
  }
  return texts.worked({ reference, build: { dockerfile, arguments: Object.fromEntries(given) } });
}

export function stagingOf(
  plan: Plan,
  { planned, step }: Located,
  options: ActionOptions,
  attempt: string,
  { images, packages }: StepSupplies,
  texts: StoredTexts,
): Worked<Staging> {
  const { action } = planned;
  const { own: image } = images;
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
      ? { containerOptions: texts.of('The container options', options.containerOptions, 'container') }
      : {}),
  };
  return texts.worked(staging);
}

function containerPlace(
  action: Action,
  options: ActionOptions,
  image: AcquiredImage,
  texts: StoredTexts,
): Place {
  const extraHosts = options.extraHosts && texts.list('The extra host', options.extraHosts, 'container');
  const dns = options.dns && texts.list('The DNS server', options.dns, 'container');
  const ownEndpoint =
    (extraHosts?.length ?? 0) > 0 || (dns?.length ?? 0) > 0 || (action.services?.length ?? 0) > 0;
  return {
    kind: 'container',
    image,
    network: networkOf(options.network ?? 'lane', ownEndpoint),
    ...(options.user === undefined ? {} : { user: texts.of('The user', options.user, 'container') }),
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
  texts: StoredTexts,
): ServiceSpec[] {
  return services.flatMap((service, index) => {
    const image = images[index];
    if (image === undefined) return [];
    return {
      name: service.name,
      image,
      ...(service.user === undefined
        ? {}
        : { user: texts.of(`The user of service "${service.name}"`, service.user, 'container') }),
      limits: service.limits ?? {},
      graceMs: service.graceMs ?? DEFAULT_SERVICE_GRACE_MS,
      log: service.log ?? 'failure',
    };
  });
}

/** Without the arguments: they may hold secrets, and go through the gate. */
function entrypoint(command: readonly string[] | undefined, texts: StoredTexts): { command?: string[] } {
  if (command === undefined) return {};
  return { command: command.map((word) => texts.of('The command', word, 'container')) };
}
