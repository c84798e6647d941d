/**
 * The image of a network sandbox: argonaut-init and nothing else. It is made here and loaded through the API, so a worker
 * needs no registry for it. Its name tells its content, so an upgraded server never uses an old one.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Architecture, initBinary } from '@argonaut/init';
import { pack } from 'tar-stream';

export interface SandboxImage {
  readonly name: string;
  tar(): Promise<Readable>;
}

export function sandboxImage(architecture: Architecture): SandboxImage {
  const binary = initBinary(architecture);
  const tag = `${architecture}-${binary.sha256.slice(0, 12)}`;
  const name = `argonaut.local/sandbox:${tag}`;
  return { name, tar: async () => imageTar(name, architecture, await readFile(binary.path)) };
}

/** A docker-archive: one layer with one file. */
async function imageTar(name: string, architecture: string, program: Uint8Array): Promise<Readable> {
  const layer = await tarOf([['argonaut-init', program, 0o555]]);
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { Entrypoint: ['/argonaut-init'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: '1970-01-01T00:00:00Z', created_by: 'argonaut' }],
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = Buffer.from(
    JSON.stringify([{ Config: configName, RepoTags: [name], Layers: ['layer.tar'] }]),
  );
  const archive = pack();
  archive.entry({ name: configName, mode: 0o644 }, config);
  archive.entry({ name: 'layer.tar', mode: 0o644 }, layer);
  archive.entry({ name: 'manifest.json', mode: 0o644 }, manifest);
  archive.finalize();
  return Readable.from(archive);
}

async function tarOf(files: readonly (readonly [string, Uint8Array, number])[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes, mode] of files) {
    archive.entry({ name, mode, mtime: new Date(0), uid: 0, gid: 0 }, Buffer.from(bytes));
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
