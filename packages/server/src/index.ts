/** The Argonaut server. */
export { readConfig, type ServerConfig } from './config.ts';
export { type RunningServer, startServer } from './main.ts';
export { giveNewMasterKey, type NewMasterKey } from './new-master-key.ts';
