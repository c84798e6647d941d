/** What a task says when an image cannot be had. */
import { ArgonautError } from '@argonaut/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificate } from '../feeds/certificates.ts';
import { serve } from '../feeds/images.ts';
import { startStub } from '../feeds/stub.ts';
import { content, type ImagesUnderTest, imagesUnderTest, registrySaid } from './images-under-test.ts';

let under: ImagesUnderTest;
beforeEach(async () => {
  under = await imagesUnderTest();
});
afterEach(() => under[Symbol.asyncDispose]());

describe('what a task says when an image cannot be had', () => {
  const failed = async (image: string, feed = under.feed) => {
    const made = await under.project([under.step(image, { feed })]);
    const task = await under.deployed(made.releaseId, made.environmentId);
    expect(task.State).toBe('Failed');
    return task.ErrorMessage as string;
  };
  const engineSays = (...said: Parameters<typeof registrySaid>) => {
    under.worker.registry = () => {
      throw registrySaid(...said);
    };
  };

  test('an unknown tag: the feed, the image and the nearest tags', async () => {
    under.serves({ web: { '1.2.3': content('one') } });
    engineSays('NotFound', 'manifest unknown');
    expect(await failed('web:1.2.4')).toMatch(
      /the feed "Our registry" .* has the image "web".*nearest tags are 1\.2\.3/,
    );
  });

  test('an unknown image', async () => {
    engineSays('NotFound', 'manifest unknown');
    expect(await failed('none:1')).toMatch(/the feed "Our registry" .* has no image "none"/);
  });

  test('credentials that are wanted', async () => {
    under.stub.handler = (_sent, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    };
    engineSays('Unauthorised', 'no basic auth credentials');
    expect(await failed('web:1')).toMatch(
      /the feed "Our registry" .* wants credentials for the image "web:1"/,
    );
  });

  test.each([
    [
      'Unauthorised',
      'incorrect username or password',
      { credentialsRefused: true },
      /The image "web:1" of the feed "Our registry" cannot be had\. Worker "worker one": .*incorrect username/,
    ],
    [
      'InfrastructureFailure',
      'no space left on device',
      { ofWorker: true },
      /The image "web:1" of the feed "Our registry" cannot be had\. Worker "worker one": .*no space left/,
    ],
  ] as const)(
    '%s (%s): told with the feed and the worker, and the registry is not asked once more',
    async (kind, said, details, message) => {
      let asked = 0;
      engineSays(kind, said, details);
      const made = await under.project([under.step('web:1')]);
      under.stub.handler = (_sent, response) => {
        asked += 1;
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      };
      const task = await under.deployed(made.releaseId, made.environmentId);
      expect(task.ErrorMessage).toMatch(message);
      expect(asked).toBe(0);
      expect(under.worker.asked).toHaveLength(1);
    },
  );

  test.each([
    ['Unauthorised', 1],
    ['InfrastructureFailure', 3],
  ] as const)('%s: with two automatic retries the worker is asked so many times: %i', async (kind, times) => {
    under.worker.registry = ({ reference }) => {
      if (reference.endsWith('web:2')) throw registrySaid(kind, 'no');
      return content('one').digest;
    };
    // Known only when the first step has ended.
    const late = 'web:#{unless Octopus.Action[web:1].Output.Tag}2#{/unless}';
    const properties = {
      'Octopus.Action.AutoRetry.MaximumCount': '2',
      'Octopus.Action.AutoRetry.MinimumBackoff': '0',
    };
    const made = await under.project([under.step('web:1'), under.step(late, { name: 'late', properties })]);
    const task = await under.deployed(made.releaseId, made.environmentId);
    expect(task.ErrorMessage).toMatch(/^Step "late" failed: /);
    expect(under.worker.asked.filter(({ reference }) => reference.endsWith('web:2'))).toHaveLength(times);
  });

  test('a limit, and until when', async () => {
    under.stub.handler = (_sent, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
    };
    engineSays('Unavailable', 'toomanyrequests');
    expect(await failed('web:1')).toMatch(
      /the feed "Our registry" .* is limiting our requests.* limited until 2\d\d\d-/,
    );
  });

  test('a registry that nobody reaches', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    engineSays('InfrastructureFailure', 'connection refused');
    expect(await failed('web:1')).toMatch(/The registry of the feed "Our registry" \(http:\/\/127/);
  });

  test('a certificate that nobody vouches for', async () => {
    await using tls = await startStub(
      serve({}),
      makeCertificate({ commonName: 'localhost', hosts: ['localhost'] }),
    );
    const FeedUri = `https://localhost:${tls.port}`;
    const made = await under.server.call('POST', '/api/feeds', {
      Name: 'Closed registry',
      FeedType: 'Docker',
      FeedUri,
      DownloadAttempts: 1,
    });
    engineSays('InfrastructureFailure', 'x509: certificate signed by unknown authority');
    expect(await failed('web:1', made.body.Id)).toMatch(/the feed "Closed registry" .*certificate/);
  });

  test('a registry that only the server reaches: the worker is named', async () => {
    under.serves({ web: { '1': content('one') } });
    engineSays('InfrastructureFailure', 'x509: certificate signed by unknown authority');
    expect(await failed('web:1')).toMatch(
      /The worker "worker one" does not get .* the server finds it there.*x509/,
    );
  });

  test('an engine that does not answer: it is waited for once, then the worker and the image are named', async () => {
    under.serves({ web: { '1': content('one') } });
    under.worker.registry = () => {
      const details = { connection: 'ECONNREFUSED' };
      throw new ArgonautError('InfrastructureFailure', 'No answer from the engine.', { details });
    };
    const message = await failed('web:1');
    expect(message).toMatch(
      /image web:1 could not be fetched, because the engine of the worker "worker one" does not/,
    );
    expect(under.worker.asked).toHaveLength(2);
  });

  test('a registry that only the worker reaches: its answer counts', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    engineSays('NotFound', 'manifest unknown');
    expect(await failed('web:1')).toMatch(
      /"web:1" of the feed "Our registry" cannot be had.*manifest unknown/,
    );
  });
});
