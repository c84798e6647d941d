/**
 * Values that are masked, but badly: whoever reads the log can guess them, or the mask falls on ordinary text. Only for
 * telling people when they save one; what is masked does not depend on it.
 */

/** Words that passwords are made of by people in a hurry, and that logs of deployments are full of. */
const COMMON_WORDS = new Set(
  (
    'password passwort passw0rd p@ssword p@ssw0rd pass passwd secret secrets changeme letmein welcome qwerty azerty ' +
    'monkey dragon iloveyou abcd abc123 1q2w3e4r qwertz login access token key default guest demo sample example ' +
    'docker octopus argonaut kubernetes release deploy deployment build built package script server client host ' +
    'service worker http https main master head latest stable beta alpha public private internal external system ' +
    'service data file path home work image container environment version project step task runbook channel tenant ' +
    'postgres mysql mongo redis oracle sqlserver nginx apache linux windows ubuntu debian alpine microsoft azure ' +
    'amazon google github gitlab jenkins'
  ).split(' '),
);

/** A year, a port, a PIN: logs hold many numbers of so few digits. */
const FEWEST_DIGITS = 6;

export function isGuessable(value: string): boolean {
  const text = value.trim().toLowerCase();
  if (COMMON_WORDS.has(text)) return true;
  if (/^\d+$/.test(text) && text.length < FEWEST_DIGITS) return true;
  return text !== '' && [...text].every((character) => text.startsWith(character));
}
