/* What the files of argonaut-init share: the protocol's numbers, the options, the result, and which file offers what.
 * main.c says what the program is and which rules it keeps. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Exit codes of our own; otherwise we end with the program's code, or 128 + its signal. */
enum {
    CODE_EXEC = 127,      /* the program could not be executed */
    CODE_CANCELLED = 143, /* cancelled at the gate: no user code has run */
    CODE_ALREADY = 250,   /* `started` exists: somebody was here before us */
    CODE_DIRECTORY = 251, /* the attempt directory cannot be used */
    CODE_GATE = 252,      /* the gate could not be made, or its deadline passed */
    CODE_SETUP = 253,     /* files, pipes or fork failed before exec */
    CODE_USAGE = 254,
};

#define NEVER INT64_MAX
#define MS INT64_C(1000000)

/* main.c */
extern struct options {
    const char *dir, *files, *attempt, *file;
    int64_t gate_ms, deadline_ms, grace_ms, drain_ms, hold_ms, idle_ms, from, to, epoch, port;
    bool one_stream, linger, hold_on_errors;
} opt;
bool set_option(const char *text, bool late);
bool parse_number(const char *text, int64_t *value);

/* system.c: clocks in nanoseconds, complaints, small files */
int64_t clock_ns(clockid_t id);
int64_t now_boot(void);
int64_t after(int64_t ms);
void say(const char *what, const char *name);
_Noreturn void die(int code, const char *what, const char *name);
ssize_t slurp(int dir, const char *path, char *text, size_t room);
bool each_name(const char *directory, void (*visit)(int dir, const char *name));

/* wire.c: the framed protocol, the table is in ../README.md */
enum {
    REC_ENV = 1, REC_FILE, REC_FILE_MORE, REC_ARG, REC_CWD, REC_OPTION, /* kept until go */
    REC_GO, REC_STATUS, REC_CANCEL, REC_RELEASE, REC_PING, REC_HELLO,
    REC_STATE = 32, REC_OK, REC_ALREADY, REC_ERROR, REC_FAILED, REC_EXIT, REC_SUPERSEDED, /* from us */
};
#define HEADER 12               /* "ARG1", u32 length, u32 crc32, all little-endian */
#define RECORD 5                /* u8 type, u32 length */
#define MESSAGE_CAP (1u << 20)  /* bytes of records in one message */
struct record { int type; uint32_t length; const uint8_t *bytes; };
struct inbox { size_t have; uint8_t bytes[HEADER + MESSAGE_CAP]; };
enum { INCOMPLETE = -1, FOREIGN = -2, DAMAGED = -3 };
void put32(uint8_t *p, uint32_t v);
bool next_record(const uint8_t **at, const uint8_t *end, struct record *r);
bool receive(int fd, struct inbox *in);
int whole_message(const struct inbox *in);
void consume(struct inbox *in);
bool send_record(int fd, int type, const void *bytes, size_t length);

/* attempt.c: phases, in their order */
enum phase { WAITING, RUNNING, DRAINING, FLUSHING, HELD, LINGERING, PARTING };
extern enum phase phase;
void started(void);
void not_started(const char *stage, int error);
void stop(const char *by, int64_t grace_ms);
void release(void);
_Noreturn void run(void);
_Noreturn void sandbox(void);

/* gate.c: the socket and who is connected */
#define CLIENTS 8
#define GATE_SOURCES (1 + CLIENTS)
void make_gate(void);
void gate_sources(struct pollfd *fds);
void gate_ready(const struct pollfd *fds);
void announce(void);
void part_from_relays(void);
bool relays_left(void);

/* launch.c: from the records that were kept to a running program */
extern int original_cwd;
extern mode_t original_umask;
const char *launch(const uint8_t *kept, size_t size, const char **refused);
void remove_files(void);

/* processes.c */
extern pid_t program;
extern bool program_ended, no_children; /* no_children: wait4 has proved that nothing is left */
void reap(void);
void set_program_status(int status);
int signal_descendants(int signal);
int64_t oom_kills(void);

/* log.c */
#define LOG_SOURCES 2
extern int pipes[2];       /* their reading ends; -1: not open, or closed by everybody who writes */
extern int64_t retry_due;  /* NEVER, unless the disk does not take the log */
void open_log(void);
void log_sources(struct pollfd *fds);
void log_ready(const struct pollfd *fds);
void store_pending(void);
bool flush_log(void);
void abandon_log(void);
void sync_log(void);

/* record.c: what `exit` will say */
extern struct result {
    const char *reason, *by, *stage;  /* by: who cancelled; stage: where the start failed; else NULL */
    int error, own_code;              /* errno of `stage`; a code of ours instead of the program's, or 0 */
    int status;                       /* of the program, as wait4 gives it; -1: it could not be ended */
    int orphans, stragglers, unkilled;
    bool killed_after_grace, wrote_errors;
    int64_t start_wall, start_boot, end_boot, oom_before;
    uint64_t log_bytes, log_lost;
} result;
#define EXIT_ROOM 2048            /* a Kubernetes termination message holds 4,096 bytes */
extern char exit_json[EXIT_ROOM];
extern size_t exit_length;        /* 0: no record yet */
void reserve_exit(void);
void write_exit(void);
int exit_code(void);

/* relay.c */
_Noreturn void relay(void);
_Noreturn void read_file(void);

/* probe.c */
_Noreturn void probe(void);
