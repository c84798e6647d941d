/**
 * X.509 certificates for tests of TLS faults, made by hand in DER so that they need nothing but Node and can be
 * expired or be for another host. RFC 5280, section 4.1, with ECDSA P-256 keys.
 */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface CertificateFields {
  readonly commonName: string;
  /** IP addresses are not made: give host names. */
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Signed by itself if absent. */
  readonly issuer?: Authority;
  readonly isAuthority?: boolean;
}

export interface Authority {
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

export interface Certificate extends Authority {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
let serial = 1;

export function makeCertificate(fields: CertificateFields): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = fields.issuer ?? { commonName: fields.commonName, privateKey };
  const day = 86_400_000;
  const toBeSigned = sequence(
    element(0xa0, integer(2)),
    integer(serial++),
    ecdsaWithSha256,
    name(issuer.commonName),
    sequence(
      time(fields.notBefore ?? new Date(Date.now() - day)),
      time(fields.notAfter ?? new Date(Date.now() + day)),
    ),
    name(fields.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...extensions(fields))),
  );
  const signature = sign('sha256', toBeSigned, issuer.privateKey);
  const der = sequence(toBeSigned, ecdsaWithSha256, element(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    commonName: fields.commonName,
    privateKey,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function extensions({ hosts = [], isAuthority = false }: CertificateFields): Buffer[] {
  const basic = isAuthority ? sequence(element(0x01, Buffer.of(0xff))) : sequence();
  const all = [sequence(oid('2.5.29.19'), element(0x01, Buffer.of(0xff)), element(0x04, basic))];
  if (hosts.length > 0) {
    const names = sequence(...hosts.map((host) => element(0x82, Buffer.from(host))));
    all.push(sequence(oid('2.5.29.17'), element(0x04, names)));
  }
  return all;
}

function name(commonName: string): Buffer {
  return sequence(element(0x31, sequence(oid('2.5.4.3'), element(0x0c, Buffer.from(commonName)))));
}

/** GeneralizedTime; OpenSSL accepts it for years before 2050 too. */
function time(date: Date): Buffer {
  return element(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function integer(value: number): Buffer {
  return element(0x02, Buffer.of(value));
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function element(tag: number, body: Buffer): Buffer {
  const { length } = body;
  const header = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...header), body]);
}
