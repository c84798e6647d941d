/** Private keys as they travel: a file in base64. Clients that send the text of the file itself are understood too. */
import { Secret } from '@argonaut/contracts';

export function privateKeyIn(file: Secret): Secret {
  const text = file.reveal();
  return text.includes('-----BEGIN') ? file : new Secret(Buffer.from(text, 'base64').toString('utf8'));
}
