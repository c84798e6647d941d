#!/usr/bin/env node
// Plain JavaScript of an old kind, so that an old Node can say what is wrong instead of a syntax error.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    'argonaut needs Node 24 or newer; this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'In a checkout, `npm install` brings a new enough one: run `npx argonaut` or node_modules/.bin/argonaut from an npm script,\n' +
      'or: node_modules/.bin/node packages/cli/bin/argonaut.js\n',
  );
  process.exit(2);
}
// A small young generation keeps an idle server below 150 MB (figures in the server's README). V8 takes it only at its start, so
// the process replaces itself, under the same process id.
var young = '--max-semi-space-size=4';
if (process.argv[2] === 'server' && process.execve && process.execArgv.indexOf(young) < 0) {
  process.execve(
    process.execPath,
    [process.execPath, young].concat(process.execArgv, process.argv.slice(1)),
    process.env,
  );
}
// The compile cache, in the temporary directory, halves the time of a start.
import('node:module')
  .then((module) => {
    module.enableCompileCache();
    return import('../src/main.ts');
  })
  .catch((error) => {
    process.stderr.write(`${String(error.stack || error)}\n`);
    process.exit(1);
  });
