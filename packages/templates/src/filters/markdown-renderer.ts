/** CommonMark with tables, automatic links and `~~del~~ ~sub~ ^sup^ ++ins++ ==mark==`, as HTML. */
import MarkdownIt from 'markdown-it';
import ins from 'markdown-it-ins';
import mark from 'markdown-it-mark';
import sub from 'markdown-it-sub';
import sup from 'markdown-it-sup';

const renderer = new MarkdownIt({ html: true, linkify: true }).use(ins).use(mark).use(sub).use(sup);
// Only addresses that say so are links: a file name such as "deploy.sh" is none.
renderer.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

// What is struck out was deleted, so that is the element; the library's default means "no longer true".
renderer.renderer.rules.s_open = () => '<del>';
renderer.renderer.rules.s_close = () => '</del>';

export function renderMarkdown(text: string): string {
  return renderer.render(text);
}
