/** How we log in: by key, or by password in either of the two ways in which servers ask for one. */
import { Invalid } from '@argonaut/contracts';
import ssh2, { type Client, type ConnectConfig } from 'ssh2';
import type { Settings } from './options.ts';

export function credentialsOf({ authentication, name }: Settings, client: Client): ConnectConfig {
  if (authentication.kind === 'password') {
    const password = authentication.password.reveal();
    client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) => {
      // One hidden question is the password; anything else (a second factor) is not ours to answer.
      finish(prompts.length === 1 && prompts[0]?.echo !== true ? [password] : []);
    });
    return { password, tryKeyboard: true };
  }
  const privateKey = authentication.privateKey.reveal();
  const passphrase = authentication.passphrase?.reveal();
  const key = ssh2.utils.parseKey(privateKey, passphrase);
  if (key instanceof Error) {
    throw new Invalid(
      `The private key for ${name} cannot be read: ${key.message}. It must be a key in OpenSSH or PEM form, and its passphrase must be given when it has one.`,
    );
  }
  return { privateKey, ...(passphrase === undefined ? {} : { passphrase }) };
}
