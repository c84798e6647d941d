/** Service messages: how a script in any image speaks to the server, by printing `##octopus[…]` lines. */
export { formatMessage, type Parsed, PREFIX, parseBody, type ServiceMessage } from './grammar.ts';
export { type Effect, type Meaning, meaningOf } from './meaning.ts';
export { type OutputBatch, OutputReader, type Position } from './output-reader.ts';
export { MessageParser, type ParserSink } from './parser.ts';
