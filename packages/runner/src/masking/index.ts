/**
 * Masking: no secret of a step reaches a log, a message or a disk of ours, in any form that a program prints by
 * accident. It does not stop a script that means to give a secret away.
 */
export { MaskingFailure } from './errors.ts';
export { isGuessable } from './guessable.ts';
export {
  type Maskability,
  maskability,
  type SecretReport,
  SecretSet,
  type SecretSetOptions,
} from './secret-set.ts';
export { type MaskedPart, StreamMasker } from './stream-masker.ts';
