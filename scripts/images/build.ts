/**
 * Makes all test images and loads them into the engine: `npm run images`. With the address of a registry
 * (`npm run images -- 127.0.0.1:5000`, credentials in ARGONAUT_REGISTRY_USER and ARGONAUT_REGISTRY_PASSWORD)
 * it pushes them there as well. Cached: a second run finds everything in place.
 */
import Docker from 'dockerode';
import { testImageNames } from './catalogue.ts';
import { loadImages } from './engine.ts';
import { multiPlatformRepository, RegistryWriter } from './registry.ts';
import { ImageStore } from './store.ts';

/** Builds what the cache lacks and loads what the engine lacks. */
export async function ensureImages(report: (line: string) => void = () => {}): Promise<ImageStore> {
  const store = await ImageStore.open(report);
  const loaded = await loadImages(new Docker(), store);
  if (loaded.length > 0) report(`loaded ${loaded.join(', ')}`);
  return store;
}

if (import.meta.main) {
  const say = (line: string) => console.log(`images: ${line}`);
  const store = await ensureImages(say);
  say(`${testImageNames.length} images are in the engine (build ${store.key})`);
  const host = process.argv[2];
  if (host) {
    const { ARGONAUT_REGISTRY_USER: username, ARGONAUT_REGISTRY_PASSWORD: password } = process.env;
    const credentials = username && password ? { credentials: { username, password } } : {};
    const writer = new RegistryWriter({ host, ...credentials }, store);
    await writer.push();
    const multi = await writer.pushMultiPlatform();
    say(`pushed all of them and ${multiPlatformRepository} (${multi.digest}) to ${host}`);
  }
}
