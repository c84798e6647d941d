/** `argonaut rotate-master-key`: seals every secret of a stopped server with a new key. */
import { messageOf, Secret } from '@argonaut/contracts';
import { giveNewMasterKey, readConfig } from '@argonaut/server';
import type { Command } from 'commander';

const HELP = `
Stop the server first. With a key file in the data directory (the default) a new key is made and the file replaced. Where the key
comes from ARGONAUT_MASTER_KEY, set ARGONAUT_NEW_MASTER_KEY to the new one (32 bytes as base64 or hex). Either everything
is sealed with the new key, or nothing has changed. API keys and passwords stay valid; older backups need the older key.`;

export function addRotateMasterKeyCommand(program: Command): void {
  program
    .command('rotate-master-key')
    .description('Seal every stored secret with a new master key')
    .addHelpText('after', HELP)
    .action(rotate);
}

async function rotate(): Promise<void> {
  const given = process.env.ARGONAUT_NEW_MASTER_KEY?.trim();
  try {
    const { resealed, inKeyFile } = await giveNewMasterKey(
      readConfig(process.env),
      given ? new Secret(given) : undefined,
    );
    process.stdout.write(
      `${resealed} secrets are sealed with the new master key. ${
        inKeyFile
          ? 'It is in the key file; keep a copy of it where the backups are not.'
          : 'Start the server with ARGONAUT_MASTER_KEY set to it.'
      }\n`,
    );
  } catch (error) {
    process.stderr.write(`argonaut: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
