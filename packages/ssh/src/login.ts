/** How we log in: by key, or by password in either of the two ways in which servers ask for one. */
import { Invalid, type Secret } from '@argonaut/contracts';
import ssh2, { type Client, type ConnectConfig } from 'ssh2';
import type { Settings } from './options.ts';

/** What is wrong with a private key, if anything: it is no key, or its passphrase is missing or another. */
export function checkPrivateKey(privateKey: Secret, passphrase: Secret | undefined): string | undefined {
  const key = ssh2.utils.parseKey(privateKey.reveal(), passphrase?.reveal());
  if (!(key instanceof Error))
    return key.isPrivateKey() ? undefined : 'This is a public key, not a private one.';
  return `The private key cannot be read: ${key.message}. It must be a key in OpenSSH or PEM form, and its passphrase must be given when it has one.`;
}

export function credentialsOf({ authentication, name }: Settings, client: Client): ConnectConfig {
  if (authentication.kind === 'password') {
    const password = authentication.password.reveal();
    client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) => {
      // One hidden question is the password; anything else (a second factor) is not ours to answer.
      finish(prompts.length === 1 && prompts[0]?.echo !== true ? [password] : []);
    });
    return { password, tryKeyboard: true };
  }
  const { privateKey, passphrase } = authentication;
  const complaint = checkPrivateKey(privateKey, passphrase);
  if (complaint !== undefined) throw new Invalid(`The login to ${name} is not possible. ${complaint}`);
  return {
    privateKey: privateKey.reveal(),
    ...(passphrase === undefined ? {} : { passphrase: passphrase.reveal() }),
  };
}
