/**
 * What keeps a server from starting, in the words of its settings: which variable, what is wrong with it, and what to do.
 * Errors that already say so pass through.
 */
import { ArgonautError, Invalid, messageOf } from '@argonaut/contracts';
import type { ServerConfig } from './config.ts';

/** What was tried; each has the settings that it depends on. */
export type StartStep = 'database' | 'certificate' | 'listening';

/** Runs a step of the start. @throws Invalid that names the setting */
export async function starting<T>(
  step: StartStep,
  config: ServerConfig,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const told = error instanceof ArgonautError ? undefined : sentence(step, config, codeOf(error));
    if (told === undefined) throw error;
    throw new Invalid(`${told} (${messageOf(error)})`, { cause: error });
  }
}

function sentence(step: StartStep, config: ServerConfig, code: string): string | undefined {
  const { host, port, databaseUrl, tls } = config;
  switch (step) {
    case 'certificate':
      if (tls === undefined) return undefined;
      return `ARGONAUT_TLS_CERTIFICATE (${tls.certificateFile}) or ARGONAUT_TLS_KEY (${tls.keyFile}) cannot be used. Name two PEM files that belong together and that this user may read.`;
    case 'database':
      if (databaseUrl === undefined || !isNetworkTrouble(code)) return undefined;
      return `ARGONAUT_DATABASE_URL: no PostgreSQL answers at ${URL.parse(databaseUrl.reveal())?.host ?? 'its address'}. Start it, or correct the address.`;
    case 'listening':
      if (code === 'EADDRINUSE') {
        return `ARGONAUT_PORT: port ${port} of ${host} is in use. Stop the program that has it, or choose another port.`;
      }
      if (code === 'EACCES') {
        return `ARGONAUT_PORT: this user may not listen on port ${port}. Choose one from 1024 on, or let a proxy have the low one.`;
      }
      if (!/^E(ADDRNOTAVAIL|AFNOSUPPORT|INVAL|NOTFOUND|AI_[A-Z]+)$/.test(code)) return undefined;
      return `ARGONAUT_HOST: ${host} is no address of this machine to listen on. Use 127.0.0.1, 0.0.0.0, or an address that it has.`;
  }
}

function isNetworkTrouble(code: string): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET)$/.test(code);
}

function codeOf(error: unknown): string {
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : '';
}
