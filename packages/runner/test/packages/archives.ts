/** Makes archives byte by byte, also such as no decent tool would make. */
import { buffer } from 'node:stream/consumers';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import tar, { type Header } from 'tar-stream';

export interface ZipEntry {
  readonly name: string;
  readonly body?: Buffer | string;
  /** POSIX mode with its type, such as 0o120777 for a link. */
  readonly mode?: number;
  /** What the directory claims, where it lies. */
  readonly claimedSize?: number;
  readonly encrypted?: boolean;
  /** Uses the bytes of the entry before this one. */
  readonly sharesBytes?: boolean;
  readonly wrongCrc?: boolean;
}

/** PKWARE APPNOTE 4.3: local headers with data, the directory, its end. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  let last = { offset: 0, crc: 0, packed: 0, size: 0 };
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const flags = (entry.encrypted ? 1 : 0) | 0x800;
    if (!entry.sharesBytes) {
      const body = Buffer.from(entry.body ?? '');
      const data = deflateRawSync(body);
      const crc = entry.wrongCrc ? 1 : crc32(body);
      last = { offset, crc, packed: data.length, size: body.length };
      const local = Buffer.alloc(30);
      local.writeUInt32LE(0x04034b50, 0);
      local.writeUInt16LE(20, 4);
      local.writeUInt16LE(flags, 6);
      local.writeUInt16LE(8, 8);
      local.writeUInt32LE(crc, 14);
      local.writeUInt32LE(data.length, 18);
      local.writeUInt32LE(body.length, 22);
      local.writeUInt16LE(name.length, 26);
      locals.push(local, name, data);
      offset += 30 + name.length + data.length;
    }
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE((3 << 8) | 20, 4);
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(8, 10);
    central.writeUInt32LE(last.crc, 16);
    central.writeUInt32LE(last.packed, 20);
    central.writeUInt32LE(entry.claimedSize ?? last.size, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(last.offset, 42);
    directory.push(central, name);
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, index, end]);
}

export type TarEntry = Partial<Header> & { readonly name: string; readonly body?: string };

export async function tarball(entries: readonly TarEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { body = '', ...header } of entries) pack.entry(header as Header, body);
  pack.finalize();
  return buffer(pack as unknown as AsyncIterable<Buffer>);
}

export async function tgz(entries: readonly TarEntry[]): Promise<Buffer> {
  return gzipSync(await tarball(entries));
}
