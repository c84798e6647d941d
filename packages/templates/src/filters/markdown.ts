/** `Markdown`: CommonMark with tables, automatic links and `~~struck~~` text, as HTML. */

import MarkdownIt from 'markdown-it';
import { type Filter, plainFilter } from './filter.ts';

const renderer = new MarkdownIt({ html: true, linkify: true });
// Only addresses that say so are links: a file name such as "deploy.sh" is none.
renderer.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

// What is struck out was deleted, so that is the element; the library's default means "no longer true".
renderer.renderer.rules.s_open = () => '<del>';
renderer.renderer.rules.s_close = () => '</del>';

export const markdown: Filter = plainFilter((input) => `${renderer.render(input.trim())}\n`);
