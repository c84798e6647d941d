/**
 * Reads the text of `Octopus.Action.Container.Options`: options of `docker run`, as words of a shell. Nothing of it
 * ever reaches a command line; what is not understood is an error that names it, never left out in silence.
 */
import { Invalid } from '@argonaut/contracts';
import { type ContainerOptions, type Growing, noOptions } from './container-options.ts';
import { flags, sameAs } from './flags.ts';
import type { MountReading } from './mounts.ts';
import { refusedFlags, refusedShort, refusedSwitches } from './refused.ts';
import { splitWords } from './words.ts';

/** `Invalid` lists every complaint at once, each naming its flag. */
export function parseContainerOptions(text: string, reading: MountReading = {}): ContainerOptions {
  const options = noOptions();
  const errors: string[] = [];
  const words = splitWords(text);
  while (words.length > 0) {
    try {
      takeOption(words, options, reading);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      errors.push(error.message);
    }
  }
  if (errors.length > 0)
    throw new Invalid(`The container options are not understood: ${errors.join(' ')}`, { errors });
  return options;
}

/** One option, with the word that follows it when it needs one. */
function takeOption(words: string[], options: Growing, reading: MountReading): void {
  const word = words.shift() ?? '';
  const { flag, value } = word.startsWith('--') ? longOption(word) : shortOption(word, words);
  const name = sameAs[flag] ?? flag;
  const known = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (known === undefined) throw refusal(flag, name, value, words);
  if (known.takes === 'switch') known.add(options, value ?? 'true', flag, reading);
  else known.add(options, value ?? nextValue(flag, words), flag, reading);
}

interface Option {
  readonly flag: string;
  readonly value: string | undefined;
}

function longOption(word: string): Option {
  const at = word.indexOf('=');
  return at < 0 ? { flag: word, value: undefined } : { flag: word.slice(0, at), value: word.slice(at + 1) };
}

/** `-v value`, `-vvalue`, `-v=value`; letters without a value may stand together. */
function shortOption(word: string, words: string[]): Option {
  const letter = word[1];
  if (word[0] !== '-' || letter === undefined) {
    throw new Invalid(`"${word}" is not an option; the image and the command are settings of the step.`);
  }
  const rest = word.slice(2);
  if (rest !== '' && refusedSwitches.has(letter)) words.unshift(`-${rest}`);
  return {
    flag: `-${letter}`,
    value: rest === '' || refusedSwitches.has(letter) ? undefined : rest.replace(/^=/, ''),
  };
}

function nextValue(flag: string, words: string[]): string {
  const value = words.shift();
  if (value === undefined) throw new Invalid(`${flag}: a value is missing.`);
  return value;
}

function refusal(flag: string, name: string, value: string | undefined, words: string[]): Invalid {
  const long = flag.length === 2 ? (refusedShort[flag.slice(1)] ?? name) : name;
  const reason = Object.hasOwn(refusedFlags, long) ? refusedFlags[long] : undefined;
  // Its value, when it has one, is not a complaint of its own.
  if (value === undefined && words[0] !== undefined && !words[0].startsWith('-')) words.shift();
  return new Invalid(
    reason === undefined
      ? `${flag} is not an option that Argonaut knows.`
      : `${flag} cannot be used: ${reason}.`,
  );
}
