/** Faults that are about one image: the registry is well, and answers that something is not there or not right. */

import { RegistryError, type Subject, said, where } from './errors.ts';

/** No image of this name. */
export class RepositoryNotFound extends RegistryError {
  constructor(subject: Subject, detail = '') {
    super(
      'RepositoryNotFound',
      [
        `${where(subject)} has no image "${nameOf(subject)}".`,
        'Check the spelling and the path before the name.',
        "Some registries answer so for images that the feed's user may not see.",
        said(detail),
      ],
      { details: { image: subject.image } },
    );
  }
}

/** The image exists, the tag does not. */
export class TagNotFound extends RegistryError {
  /** At most five, nearest spelling first; empty when there are none or they cannot be listed. */
  readonly nearestTags: readonly string[];

  /** @param nearestTags `null` when the tags cannot be listed */
  constructor(subject: Subject, tag: string, nearestTags: readonly string[] | null) {
    super('TagNotFound', tagNotFound(subject, tag, nearestTags), {
      details: { image: subject.image, tag, nearestTags: nearestTags ?? [] },
    });
    this.nearestTags = nearestTags ?? [];
  }
}

function tagNotFound(subject: Subject, tag: string, nearest: readonly string[] | null): string[] {
  if (nearest === null) {
    return [
      `${where(subject)} has no "${subject.image}";`,
      'its tags cannot be listed, so it may be the image or the tag that is missing.',
      'Check the spelling of both.',
    ];
  }
  return [
    `${where(subject)} has the image "${nameOf(subject)}", but not its tag "${tag}".`,
    nearest.length === 0
      ? `The image has no other tags. Push "${tag}".`
      : `The nearest tags are ${nearest.join(', ')}. Choose one of them, or push "${tag}".`,
  ];
}

/** The image exists, the content does not: it was deleted, or never was in this repository. */
export class DigestNotFound extends RegistryError {
  constructor(subject: Subject, digest: string) {
    super(
      'DigestNotFound',
      [
        `${where(subject)} no longer has ${digest} of the image "${subject.image}".`,
        'It was deleted or cleaned up in the registry, or it belongs to another image.',
        'Push it again, or create a new release that resolves the tag anew.',
      ],
      { details: { image: subject.image, digest } },
    );
  }
}

/** The bytes are not the ones that the digest names. Nothing of them is used. */
export class DigestMismatch extends RegistryError {
  constructor(subject: Subject, expected: string, actual: string) {
    super(
      'DigestMismatch',
      [
        `${where(subject)} delivered other content than it was asked for:`,
        `the image "${subject.image}" should be ${expected} and is ${actual}.`,
        'The content is refused. Look for a proxy or a mirror that changes answers, or push the image again.',
      ],
      { details: { image: subject.image, expected, actual } },
    );
  }
}

/** It exists and is not a container image that an engine can run. */
export class NotAnImage extends RegistryError {
  constructor(subject: Subject, observed: string, next: string) {
    super(
      'NotAnImage',
      [`${where(subject)} has "${subject.image}", but it cannot be run: ${observed}.`, next],
      { details: { image: subject.image } },
    );
  }
}

/** Without tag or digest. */
function nameOf({ image }: Subject): string {
  return image?.replace(/(?:@.*|:[^:/]*)$/, '') ?? '';
}
