/** The web's edge: declarations of routes, answers, pages, errors. */
export { Answer, created, download, empty, text } from './answers.ts';
export { type Page, page } from './paging.ts';
export type { Permission, Principal } from './permissions.ts';
export { withDefaults } from './read.ts';
export { addResource, fieldsOf, type Occasion, resourceOf } from './resource.ts';
export { type Call, RouteTable } from './route.ts';
