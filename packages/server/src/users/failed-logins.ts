/** Slows down those who guess: after some wrong passwords for one user from one address, all are refused for a while. */
import { ArgonautError } from '@argonaut/contracts';

const MOST_FAILURES = 10;
const WINDOW_MS = 15 * 60_000;
/** Those who are remembered; the oldest are forgotten first. */
const MOST_REMEMBERED = 10_000;

export class FailedLogins {
  readonly #failures = new Map<string, { count: number; since: number }>();

  /**
   * Counts as a failure until `forget` says otherwise: many guesses at the same moment must not all find the count of before.
   * @throws Forbidden, whatever the password is
   */
  begin(who: string, now: Date): void {
    this.#refuse(who, now);
    this.#count(who, now);
  }

  #refuse(who: string, now: Date): void {
    const known = this.#failures.get(who);
    if (known === undefined || known.count < MOST_FAILURES) return;
    const leftMs = known.since + WINDOW_MS - now.getTime();
    if (leftMs <= 0) {
      this.#failures.delete(who);
      return;
    }
    throw new ArgonautError(
      'Forbidden',
      `${MOST_FAILURES} logins of this user failed from here. Try again in ${Math.ceil(leftMs / 60_000)} minutes.`,
    );
  }

  #count(who: string, now: Date): void {
    const known = this.#failures.get(who);
    const isOld = known === undefined || now.getTime() - known.since > WINDOW_MS;
    this.#failures.delete(who);
    this.#failures.set(
      who,
      isOld ? { count: 1, since: now.getTime() } : { ...known, count: known.count + 1 },
    );
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MOST_REMEMBERED && oldest !== undefined) this.#failures.delete(oldest);
  }

  forget(who: string): void {
    this.#failures.delete(who);
  }
}
