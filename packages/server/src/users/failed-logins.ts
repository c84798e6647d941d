/**
 * Slows down those who guess, within 15 minutes: a few wrong passwords for one user from one address, and many from one
 * address whatever the names are. Each costs a slow hash and an event that nobody can delete. An IPv6 address counts with
 * its whole /64: whoever has one address of it has them all.
 */
import { ArgonautError } from '@argonaut/contracts';
import ipaddr from 'ipaddr.js';

const MOST_PER_USER = 10;
const MOST_PER_ADDRESS = 100;
const WINDOW_MS = 15 * 60_000;
/** Of each sort; the oldest are forgotten first. */
const MOST_REMEMBERED = 10_000;

/** Nobody may sign in from this address for a while. */
export interface AddressRefusal {
  readonly seconds: number;
  /** For the first that is refused in this window: the one that is worth an event. */
  readonly isFirst: boolean;
  readonly message: string;
}

export class FailedLogins {
  readonly #ofUsers = new Failures(MOST_PER_USER);
  readonly #ofAddresses = new Failures(MOST_PER_ADDRESS);

  /**
   * Counts as a failure until `succeeded` says otherwise: many guesses at the same moment must not all find the count of before.
   * @returns why nothing may be tried from this address at all
   * @throws Forbidden for this user from this address, whatever the password is
   */
  begin(address: string, username: string, now: Date): AddressRefusal | undefined {
    const place = placeOf(address);
    const here = this.#ofAddresses.refusal(place, now);
    if (here !== undefined) {
      const seconds = Math.ceil(here.leftMs / 1000);
      const message = `${MOST_PER_ADDRESS} logins from ${place} failed. Try again in ${minutes(here.leftMs)}.`;
      return { seconds, isFirst: here.isFirst, message };
    }
    const who = keyOf(place, username);
    const known = this.#ofUsers.refusal(who, now);
    if (known !== undefined) {
      throw new ArgonautError(
        'Forbidden',
        `${MOST_PER_USER} logins of this user failed from here. Try again in ${minutes(known.leftMs)}.`,
      );
    }
    this.#ofUsers.count(who, now);
    this.#ofAddresses.count(place, now);
    return undefined;
  }

  /** The user's failures are forgotten; the address's stay, or one known password would pay for any number of guesses. */
  succeeded(address: string, username: string): void {
    const place = placeOf(address);
    this.#ofUsers.forget(keyOf(place, username));
    this.#ofAddresses.discount(place);
  }
}

interface Count {
  readonly count: number;
  readonly since: number;
  readonly isTold: boolean;
}

class Failures {
  readonly #most: number;
  readonly #known = new Map<string, Count>();

  constructor(most: number) {
    this.#most = most;
  }

  refusal(who: string, now: Date): { readonly leftMs: number; readonly isFirst: boolean } | undefined {
    const known = this.#known.get(who);
    if (known === undefined || known.count < this.#most) return undefined;
    const leftMs = known.since + WINDOW_MS - now.getTime();
    if (leftMs <= 0) {
      this.#known.delete(who);
      return undefined;
    }
    this.#known.set(who, { ...known, isTold: true });
    return { leftMs, isFirst: !known.isTold };
  }

  count(who: string, now: Date): void {
    const known = this.#known.get(who);
    const isOld = known === undefined || now.getTime() - known.since > WINDOW_MS;
    const next = isOld
      ? { count: 1, since: now.getTime(), isTold: false }
      : { ...known, count: known.count + 1 };
    this.#known.delete(who);
    this.#known.set(who, next);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }

  discount(who: string): void {
    const known = this.#known.get(who);
    if (known !== undefined) this.#known.set(who, { ...known, count: Math.max(0, known.count - 1) });
  }

  forget(who: string): void {
    this.#known.delete(who);
  }
}

/** What is counted as one: an IPv4 address (also one that is wrapped in IPv6), or the /64 of an IPv6 address. */
function placeOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  return `${new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0])}/64`;
}

function keyOf(place: string, username: string): string {
  return `${place} ${username.toLowerCase()}`;
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} minutes`;
}
