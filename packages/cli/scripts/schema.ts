/** Writes the JSON Schema of process files, for editors: `node packages/cli/scripts/schema.ts`. */
import { writeFile } from 'node:fs/promises';
import { schemaText } from '../src/run/schema-text.ts';

await writeFile(new URL('../schema/process.schema.json', import.meta.url), schemaText());
