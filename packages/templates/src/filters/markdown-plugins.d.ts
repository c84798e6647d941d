/** The plugins carry no types of their own; each is a function for `MarkdownIt.use`. */

declare module 'markdown-it-ins' {
  const plugin: import('markdown-it').PluginSimple;
  export default plugin;
}
declare module 'markdown-it-mark' {
  const plugin: import('markdown-it').PluginSimple;
  export default plugin;
}
declare module 'markdown-it-sub' {
  const plugin: import('markdown-it').PluginSimple;
  export default plugin;
}
declare module 'markdown-it-sup' {
  const plugin: import('markdown-it').PluginSimple;
  export default plugin;
}
