/** An acquisition over an engine, with a memory of uses in a folder that is gone when the tests are. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageAcquisition } from '../src/images/acquisition.ts';
import { ImageKnowledge } from '../src/images/knowledge.ts';
import { ImageUses } from '../src/images/uses.ts';
import { createLocalFiles, systemClock } from '../src/local/index.ts';
import type { Clock, Engine } from '../src/ports/index.ts';
import { patience } from './contract/bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'argonaut-uses-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A memory of its own, unless a directory is named. */
export function imageUses(clock: Clock = systemClock, directory?: string): Promise<ImageUses> {
  const options = {
    files: createLocalFiles(),
    clock,
    dataDirectory: directory ?? mkdtempSync(join(folder, 'worker-')),
    onProblem: (error: unknown) => {
      throw error;
    },
  };
  return ImageUses.open(options, patience());
}

export async function acquiring(
  engine: Engine,
  clock: Clock = systemClock,
  uses?: ImageUses,
): Promise<ImageAcquisition> {
  return new ImageAcquisition({
    engine,
    knowledge: new ImageKnowledge(engine),
    uses: uses ?? (await imageUses(clock)),
    clock,
  });
}
