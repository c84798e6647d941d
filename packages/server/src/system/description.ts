/** `/api/openapi.json`, and a page that shows it: one file, nothing loaded from elsewhere. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Answer, type RouteTable } from '../http/index.ts';
import { openApi } from './openapi.ts';

export function descriptionRoutes(routes: RouteTable): void {
  let document: object | undefined;
  routes.add({
    method: 'GET',
    path: '/openapi.json',
    scope: 'server',
    permission: 'Anonymous',
    summary: 'This API as an OpenAPI 3.1 document',
    handle: async () => {
      document ??= openApi(routes.routes);
      return document;
    },
  });
  routes.add({
    method: 'GET',
    path: '/docs',
    scope: 'server',
    permission: 'Anonymous',
    summary: 'This API as a page to read',
    handle: async () => {
      const html = readFileSync(new URL('./description.html', import.meta.url), 'utf8');
      return new Answer(200, html, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policyFor(html),
      });
    },
  });
}

/** Only the page's own script and style may run, known by their hashes; its empty icon spares browsers a request. */
function policyFor(html: string): string {
  const hashes = (tag: string) =>
    [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map(
      ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
    );
  return `default-src 'none'; connect-src 'self'; img-src data:; script-src ${hashes('script').join(' ')}; style-src ${hashes('style').join(' ')}; frame-ancestors 'none'`;
}
