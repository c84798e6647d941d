/** What keeps a server from starting, where no setting has to do with it. */
import { expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { starting } from '../src/start-failure.ts';

it.each(['certificate', 'listening'] as const)(
  'a fault of the program is told as it is, and no setting is blamed for it (%s)',
  async (step) => {
    const fault = Object.assign(new Error('A route is declared twice.'), {
      code: 'FST_ERR_DUPLICATED_ROUTE',
    });
    const failing = () => {
      throw fault;
    };
    await expect(starting(step, readConfig({}), failing)).rejects.toBe(fault);
  },
);
