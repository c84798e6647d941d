/** The JSON Schema that is published for editors, as text. */
import { ProcessFile } from './process-file.ts';

export function schemaText(): string {
  const { $schema, ...rest } = JSON.parse(JSON.stringify(ProcessFile));
  return `${JSON.stringify({ $schema, ...rest }, null, 2)}\n`;
}
