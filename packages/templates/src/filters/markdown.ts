/** `Markdown`: CommonMark with tables, automatic links and `~~struck~~` text, as HTML. */

import MarkdownIt from 'markdown-it';
import { type Filter, plainFilter } from './filter.ts';

const renderer = new MarkdownIt({ html: true, linkify: true });
// Only addresses that say so are links: a file name such as "deploy.sh" is none.
renderer.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

export const markdown: Filter = plainFilter((input) => `${renderer.render(input.trim())}\n`);
