/** Version numbers of releases. */
import { DEFAULT_VERSION_TEMPLATE } from '@argonaut/contracts/rest';
import { describe, expect, it } from 'vitest';
import { type NumberingContext, nextVersion, settleMask } from '../../src/releases/numbering.ts';

function context(versions: readonly string[], fields: Partial<NumberingContext> = {}): NumberingContext {
  return {
    now: new Date('2026-03-01T04:05:06Z'),
    versions,
    channel: { name: 'Default', versions },
    channels: { Default: versions },
    variables: {},
    ...fields,
  };
}

describe('the next version', () => {
  it.each([
    ['', '0.0.1'],
    ['5.0', '5.0.1'],
    ['5.0.0', '5.0.1'],
    ['1.2.3.4', '1.2.4'],
    ['v2.1.9', '2.1.10'],
    ['1.0.0-beta.1', '1.0.1'],
    ['DeleteMe5.0', '0.0.1'],
  ])('by the default template after "%s" is %s', (last, next) => {
    const versions = last === '' ? [] : [last];
    expect(nextVersion(DEFAULT_VERSION_TEMPLATE, context(versions))).toEqual({ version: next });
  });

  it.each([
    ['#{Octopus.Version.NextMajor}.0.0', '2.0.0'],
    ['#{Octopus.Version.LastMajor}.#{Octopus.Version.NextMinor}', '1.3'],
    ['1.0.0-#{Octopus.Version.NextSuffix}', '1.0.0-rc.8'],
    ['#{Octopus.Date.Year}.#{Octopus.Date.Month}.#{Octopus.Date.DayOfYear}', '2026.3.60'],
    ['#{Octopus.Release.Channel.Name | ToLower}.#{Octopus.Version.Channel.NextPatch}', 'beta.10'],
    ['#{Octopus.Version.Channel[Beta].LastMajor}.0', '7.0'],
    ['#{Prefix}.1', 'acme.1'],
    ['1.i.i', '1.3.0'],
    ['1.2.i', '1.2.4'],
    ['2.c.i', '2.0.0'],
  ])('by "%s" is %s', (template, next) => {
    const given = context(['1.2.3-rc.7', '1.0.0'], {
      channel: { name: 'Beta', versions: ['7.8.9'] },
      channels: { Beta: ['7.8.9'] },
      variables: { Prefix: 'acme' },
    });
    expect(nextVersion(template, given)).toEqual({ version: next });
  });

  it('is not guessed where the template does not work', () => {
    const wrong = nextVersion('#{Missing}.1', context([]));
    expect(wrong).toHaveProperty('problem', expect.stringContaining('#{Missing}'));
    expect(nextVersion('  ', context([]))).toHaveProperty('problem', expect.stringContaining('empty'));
  });

  it('leaves versions without mask letters alone', () => {
    for (const version of ['1.0.0', 'ice', '1.0-alpha.i', 'DeleteMe5.0']) {
      expect(settleMask(version, '9.9.9')).toBe(version);
    }
  });
});
