/** Which images the demonstration uses: small public ones where the internet is there, otherwise ones built here. */
import { ensureImages } from '../images/build.ts';
import { testImages } from '../images/catalogue.ts';

export interface DemoImages {
  /** An image with a POSIX shell and nothing else. */
  readonly shell: string;
  /** An image with Python 3. */
  readonly python: string;
  /** As the process says it: never ask a registry for images that exist only here. */
  readonly policy: 'IfNotPresent' | 'Never';
}

const DOCKER_HUB = 'https://registry-1.docker.io/v2/';
const REACHABLE_WITHIN_MS = 3_000;

export async function demoImages(say: (line: string) => void): Promise<DemoImages> {
  if (await reaches(DOCKER_HUB)) {
    return { shell: 'busybox:1.37', python: 'python:3.13-alpine', policy: 'IfNotPresent' };
  }
  say('Docker Hub is out of reach: using images that are built here from Debian packages');
  await ensureImages();
  return { shell: testImages.busybox, python: testImages.debian, policy: 'Never' };
}

/** Any answer will do: without credentials it is 401. */
async function reaches(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(REACHABLE_WITHIN_MS) });
    return true;
  } catch {
    return false;
  }
}
