import { describe, expect, it } from 'vitest';
import { containerProxies, proxiesOf, proxySecrets } from './proxies.ts';

describe('the proxies of a worker', () => {
  it('are there in both spellings, whichever was set', () => {
    expect(
      proxiesOf({ HTTP_PROXY: 'http://p:3128', https_proxy: 'http://q:3128', PATH: '/bin', NO_PROXY: '' }),
    ).toEqual({
      HTTP_PROXY: 'http://p:3128',
      http_proxy: 'http://p:3128',
      HTTPS_PROXY: 'http://q:3128',
      https_proxy: 'http://q:3128',
    });
    expect(proxiesOf({ PATH: '/bin' })).toEqual({});
  });

  it('never stand between a container and its own network', () => {
    const proxies = proxiesOf({ HTTP_PROXY: 'http://p:3128', NO_PROXY: 'intranet,127.0.0.1' });
    expect(containerProxies(proxies, ['db'])).toMatchObject({
      HTTP_PROXY: 'http://p:3128',
      NO_PROXY: 'intranet,127.0.0.1,localhost,::1,db',
      no_proxy: 'intranet,127.0.0.1,localhost,::1,db',
    });
  });

  it.each(['http://127.0.0.1:3128', 'http://user:pw@localhost:1', 'http://[::1]:8080', '127.0.0.9:1'])(
    'at %s are not there in a container',
    (address) => {
      expect(containerProxies(proxiesOf({ HTTP_PROXY: address, NO_PROXY: 'x' }), [])).toEqual({});
    },
  );

  it('keep their passwords for themselves, as written and as meant', () => {
    const secrets = proxySecrets(proxiesOf({ HTTPS_PROXY: 'http://me:p%40ss-word@proxy:3128' }));
    expect(secrets.map(({ name, value }) => [name, value.reveal()])).toEqual([
      ['HTTPS_PROXY', 'p%40ss-word'],
      ['HTTPS_PROXY', 'p@ss-word'],
    ]);
    expect(proxySecrets(proxiesOf({ HTTP_PROXY: 'http://proxy:3128' }))).toEqual([]);
  });

  it.each([
    ['me:s3cret-word@proxy:3128', 's3cret-word'],
    ['http://me:s3c@ret:w/ord@proxy:3128/', 's3c@ret:w/ord'],
    ['socks5h://:only-password@proxy', 'only-password'],
  ])('keep a password for themselves that is written as in %s', (address, password) => {
    expect(proxySecrets({ HTTP_PROXY: address }).map(({ value }) => value.reveal())).toEqual([password]);
    expect(containerProxies({ HTTP_PROXY: address }, [])).toMatchObject({ HTTP_PROXY: address });
  });

  it.each(['http://proxy:3128', 'proxy:3128', 'http://me@proxy:3128', 'http://[fd00::1]:3128'])(
    'have none to keep in %s',
    (address) => {
      expect(proxySecrets({ HTTP_PROXY: address })).toEqual([]);
    },
  );
});
