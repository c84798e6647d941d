/** Gzip for JSON and text above one network packet; streams (logs, downloads) go out as they come. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** Below this many bytes an answer fits one packet anyway. */
const THRESHOLD = 1400;

const compress = promisify(gzip);

export function addCompression(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || payload.length < THRESHOLD || reply.hasHeader('content-encoding'))
      return payload;
    reply.header('vary', 'Accept-Encoding');
    if (!/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(request.headers['accept-encoding'] ?? ''))
      return payload;
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    return compress(payload);
  });
}
