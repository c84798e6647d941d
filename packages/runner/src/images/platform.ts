/** Does the worker run this image? Asked before anything is created. Pure. */
import { Invalid } from '@argonaut/contracts';
import type { ResolvedImage } from '@argonaut/contracts/attempt';
import type { EngineVersion, ImageDetails } from '../ports/engine.ts';

type Platform = Pick<EngineVersion, 'os' | 'architecture'>;

/** From the registry's answer. An empty list, or one without names, says nothing and hinders nothing. */
export function checkPlatforms(reference: string, resolved: ResolvedImage, worker: Platform): void {
  const known = resolved.platforms.filter(({ os, architecture }) => os !== '' && architecture !== '');
  if (known.length === 0) return;
  if (known.some(({ os, architecture }) => os === worker.os && architecture === worker.architecture)) return;
  const there = known
    .filter(({ os }) => os !== 'unknown')
    .map(({ os, architecture }) => `${os}/${architecture}`)
    .join(', ');
  throw mismatch(reference, there, worker);
}

/** From the image on the worker. Engines leave both fields empty when only a foreign platform was pulled. */
export function checkArchitecture(reference: string, image: ImageDetails, worker: Platform): void {
  if (image.os === '' || image.architecture === '') return;
  if (image.os === worker.os && image.architecture === worker.architecture) return;
  throw mismatch(reference, `${image.os}/${image.architecture}`, worker);
}

function mismatch(reference: string, there: string, worker: Platform): Invalid {
  return new Invalid(
    `Image ${reference} is for ${there}; the worker runs ${worker.os}/${worker.architecture}. Use an image or a tag for that platform, or a worker of the other one.`,
    { details: { reference, there, worker: `${worker.os}/${worker.architecture}` } },
  );
}
