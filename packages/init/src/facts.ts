/** Names and numbers that the program in `c/` and its callers agree on. A change here is a change of the protocol. */

/** Where a container finds what it is given; a host step uses paths of its own. */
export const mountPoints = {
  /** The attempt directory. */
  attempt: '/argonaut',
  /** The program itself, read-only. */
  init: '/argonaut-init',
  /** A tmpfs, mode 1777: init makes its files directory below it, owned by whatever user the image has. */
  run: '/run/argonaut',
  /** Where files from the gate appear in a container. */
  files: '/run/argonaut/files',
} as const;

/** What lies in an attempt directory. */
export const attemptFiles = {
  started: 'started',
  control: 'ctl',
  log: 'log',
  index: 'log.idx',
  exit: 'exit',
  held: 'held',
} as const;

/** Exit codes of init itself; any other is the program's own, or 128 plus its signal. */
export const exitCodes = {
  /** The program could not be executed; `exit` has stage and errno. */
  execFailed: 127,
  /** Cancelled at the gate: no user code has run. */
  cancelledAtGate: 143,
  /** `started` already existed: somebody was first, nothing was touched. */
  alreadyStarted: 250,
  /** The attempt directory cannot be entered or written. */
  directory: 251,
  /** The gate could not be made, or its deadline passed; also a sandbox whose deadline passed. */
  gate: 252,
  /** Files, pipes or fork failed before exec. */
  setupFailed: 253,
  /** Wrong command line. */
  usage: 254,
} as const;

export const gateLimits = {
  /** Bytes of records in one message. */
  messageBytes: 1 << 20,
  /** Bytes over all messages of one opening, each record's five bytes of header and a terminator included. */
  payloadBytes: 64 << 20,
  /** Linux refuses an argument or `NAME=value` longer than this (MAX_ARG_STRLEN, 32 pages, with its terminator). */
  stringBytes: 131_071,
  /** Linux NAME_MAX. */
  fileNameBytes: 255,
} as const;
