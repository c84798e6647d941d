/** Where a runner remembers its attempts: in files, for agents and the command line. */
export { openFileJournal } from './file-journal.ts';
