/**
 * argonaut-init seen from TypeScript: where its binaries are, how to start it, what is said through its gate, and how
 * to read what it leaves behind. The program itself is in `c/` beside this folder; README.md has the protocol.
 */
export { type Architecture, type InitBinary, initBinary } from './binary.ts';
export {
  ctlArguments,
  probeArguments,
  type ReadArguments,
  type RelayArguments,
  type RunArguments,
  readArguments,
  runArguments,
  type SandboxArguments,
  sandboxArguments,
} from './command.ts';
export { connectControl } from './connect.ts';
export { type ExitReason, type ExitRecord, ExitRecordError, parseExitRecord } from './exit-record.ts';
export { attemptFiles, exitCodes, gateLimits, mountPoints } from './facts.ts';
export { type CallOptions, GateClient, GateError, type OpenResult } from './gate-client.ts';
export {
  encodeGateMessages,
  type GateFile,
  type GateOptions,
  type GatePayload,
  GatePayloadError,
} from './gate-payload.ts';
export { decodeIndex, type IndexRecord, type LogChunk, type StreamTag, tagLog } from './log-index.ts';
export {
  type Answer,
  AnswerDecoder,
  encodeCancel,
  encodeHello,
  encodePing,
  encodeRelease,
  encodeStatus,
  type InitPhase,
  type InitState,
  ProtocolError,
  RelayLineDecoder,
} from './protocol.ts';
