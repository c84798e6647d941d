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
import('../src/main.ts').catch((error) => {
  process.stderr.write(`${String(error.stack || error)}\n`);
  process.exit(1);
});
