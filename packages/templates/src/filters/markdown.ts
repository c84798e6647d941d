/** `Markdown`: see markdown-renderer.ts, which is loaded with the first text: its libraries take 10 MB. */
import { createRequire } from 'node:module';
import { type Filter, plainFilter } from './filter.ts';

// Filters answer at once, so the module is required; `import()` would make every caller wait.
const load: (path: './markdown-renderer.ts') => typeof import('./markdown-renderer.ts') = createRequire(
  import.meta.url,
);

export const markdown: Filter = plainFilter(
  (input) => `${load('./markdown-renderer.ts').renderMarkdown(input.trim())}\n`,
);
