/*
 * argonaut-init: the one process between a worker and a step.
 *
 *   argonaut-init run      [option ...]   guard, gate, program, log, exit record   (PID 1, or a host's subreaper)
 *   argonaut-init sandbox  deadline-ms=N  only waits: PID 1 of a pooled network sandbox
 *   argonaut-init ctl      [option ...]   relay through `exec`: stdin -> ctl, log -> stdout, state lines -> stderr
 *   argonaut-init read     [option ...]   prints one file of the attempt directory from an offset
 *   argonaut-init probe    port=N         does a TCP port of this network namespace's loopback take connections?
 *   argonaut-init version
 *
 * The life of `run`:  WAITING -> RUNNING -> DRAINING -> CLEARING -> FLUSHING -> (exit written) -> HELD | LINGERING -> gone
 *
 * Rules that the code below keeps, and that a change must keep too:
 *   - `mkdir started` is the first act. Whoever finds it already there ends with 250 and touches nothing.
 *   - Nothing is acted on before a whole message has arrived and its CRC agrees. What a connection sent before `go`
 *     belongs to that connection and is dropped with it, so a half-sent payload never runs.
 *   - The program's stdout and stderr are pipes, never files: a script that opens /dev/stderr would truncate a file.
 *   - `exit` appears, by rename, only after the program and all that it started are gone and the log is complete
 *     (a host step that lingers leaves its daemons alive: their output after `exit` is read and dropped).
 *   - One poll loop, no threads. Nothing in it blocks, except fsync and the hand-shake with our own child's exec.
 *   - As PID 1 we take part in no group signal of the script; outside PID 1 we are a child subreaper, so that in both
 *     cases wait4() answering ECHILD proves that nothing is left. We never call kill(-1): on a host that is everybody.
 *
 * Decisions on points the protocol leaves open:
 *   - Options travel as `key=value`, on the command line or through the gate, read by the same function.
 *   - The program inherits our environment (the image's ENV); the gate's variables are laid over it, `NAME` removes.
 *   - TERM, INT and QUIT mean cancel. USR1 after the end means release; before it USR1, USR2 and HUP go to the script's
 *     group if we are PID 1, and are swallowed on a host, where a closing terminal must not end a deployment.
 *   - Wall-clock times in `exit` are the start plus the BOOTTIME that passed, so a clock step cannot make a run negative.
 *   - Space for the exit record is taken at the start: a full disk must not hide the result of a step.
 *   - If the log cannot be written when everything has ended, we wait for space until the deadline or a cancel, then give
 *     up and say how much was lost (`logLost`).
 *   - Before PID 1 leaves, relays get RELAY_MS to deliver: the kernel kills them with the container.
 *   - A program that cannot be killed (another user's, or stuck in the kernel) is given up after 5 s of KILL: the record
 *     has neither code nor signal then, and `unkilled` counts.
 *
 * The protocol, the exit record and the exit codes are tabulated in README.md beside this file.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h> /* snprintf only; no streams */
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VERSION "argonaut-init 1"

/* Exit codes of our own; otherwise we end with the program's code, or 128 + its signal. */
enum {
    CODE_EXEC = 127,           /* the program could not be executed */
    CODE_CANCELLED = 143,      /* cancelled at the gate: no user code has run */
    CODE_ALREADY = 250,        /* `started` exists: somebody was here before us */
    CODE_DIRECTORY = 251,      /* the attempt directory cannot be used */
    CODE_GATE = 252,           /* the gate could not be made, or its deadline passed */
    CODE_SETUP = 253,          /* files, pipes or fork failed before exec */
    CODE_USAGE = 254,
};

/* Record types. Below 32: to init. From 32: from init. */
enum {
    REC_ENV = 1, REC_FILE, REC_FILE_MORE, REC_ARG, REC_CWD, REC_OPTION, REC_GO, REC_STATUS, REC_CANCEL, REC_RELEASE, REC_PING, REC_HELLO,
    REC_STATE = 32, REC_OK, REC_ALREADY, REC_ERROR, REC_FAILED, REC_EXIT, REC_SUPERSEDED,
};

#define MESSAGE_CAP (1u << 20)   /* bytes of records in one message */
#define PAYLOAD_CAP (64u << 20)  /* bytes kept for one gate, over all its messages */
#define HEADER 12                /* "ARG1", u32 length, u32 crc32, all little-endian */
#define RECORD 5                 /* u8 type, u32 length */
#define CLIENTS 8
#define PROCESSES 65536
#define CHUNK 65536
#define RELAY_MS 10000           /* how long relays may still deliver after the end */
#define NEVER INT64_MAX
#define MS INT64_C(1000000)

enum phase { WAITING, RUNNING, DRAINING, CLEARING, FLUSHING, HELD, LINGERING };
enum { STDOUT = 1, STDERR = 2, BOTH = 3 }; /* tags in log.idx */

static struct {
    const char *dir, *files, *attempt, *file;
    int64_t gate_ms, deadline_ms, grace_ms, drain_ms, hold_ms, idle_ms, from, to, epoch, port;
    bool one_stream, linger;
} opt = {
    .dir = "/argonaut", .files = "/run/argonaut/files", .file = "log",
    .gate_ms = 3600000, .grace_ms = 5000, .drain_ms = 2000, .idle_ms = 60000, .to = INT64_MAX,
};

struct client {
    int fd;
    bool watch;
    int64_t epoch;          /* -1: said no hello */
    size_t have;            /* bytes in its receive buffer */
    uint8_t *kept;          /* its gate records: type, length, bytes, NUL */
    size_t kept_size, kept_room;
};

static enum phase phase = WAITING;
static struct client clients[CLIENTS];
static uint8_t receive[CLIENTS][HEADER + MESSAGE_CAP];
static int64_t newest_epoch = -1;

static int original_cwd = -1, signal_fd, timer_fd, listener = -1, pipes[2] = {-1, -1};
static mode_t original_umask;
static int64_t deadline = NEVER, due_gate = NEVER, due_deadline = NEVER, due_kill = NEVER, due_phase = NEVER, due_retry = NEVER;

static pid_t program = -1;
static bool made_files, ended, no_children, killed_after_grace, hurry;
static int status;                       /* of the program, as wait4 gives it; -1: could not be ended */
static const char *reason = "exited", *stopped_by, *failed_stage;
static int failed_errno, orphans, stragglers, unkilled, kill_rounds, own_code;
static int64_t start_wall, start_boot, end_boot, oom_before = -1;
static char exit_json[2048];
static size_t exit_length;

static int log_fd = -1, index_fd = -1;
static uint64_t log_bytes, index_bytes, log_lost;
static struct { uint8_t bytes[CHUNK]; size_t offset, length; int stream; int64_t read_ns; bool indexed; } pending;

/* ---------------------------------------------------------------- small things */

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* BOOTTIME goes on while the machine sleeps: a deadline is a promise about the world, not about our CPU. */
static int64_t now_boot(void) { return clock_ns(CLOCK_BOOTTIME); }

static int64_t after(int64_t ms) { return ms > (NEVER / 4) / MS ? NEVER : now_boot() + ms * MS; }

static void say(const char *what, const char *name, int error)
{
    char line[512];
    int n = snprintf(line, sizeof line, "argonaut-init: %s %s: %s\n", what, name, error ? strerror(error) : "refused");
    if (write(2, line, n < (int)sizeof line ? n : (int)sizeof line - 1) < 0) return;
}

static _Noreturn void die(int code, const char *what, const char *name)
{
    say(what, name, errno);
    _exit(code);
}

static uint32_t get32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = v >> 8 * i;
}

static uint32_t crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
    }
    return ~crc;
}

static bool number(const char *text, int64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return *end == 0 && errno == 0;
}

/* One `key=value`. Paths come from the command line only: they are fixed when a container is made, and kept by reference. */
static bool set_option(const char *text, bool from_gate)
{
    static const struct { const char *key; int64_t *value; } numbers[] = {
        {"gate-ms=", &opt.gate_ms}, {"deadline-ms=", &opt.deadline_ms}, {"grace-ms=", &opt.grace_ms},
        {"drain-ms=", &opt.drain_ms}, {"hold-ms=", &opt.hold_ms}, {"idle-ms=", &opt.idle_ms},
        {"from=", &opt.from}, {"to=", &opt.to}, {"epoch=", &opt.epoch}, {"port=", &opt.port},
    };
    static const struct { const char *key; const char **value; } strings[] = {
        {"dir=", &opt.dir}, {"files=", &opt.files}, {"attempt=", &opt.attempt}, {"file=", &opt.file},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strncmp(text, numbers[i].key, strlen(numbers[i].key)) == 0)
            return number(text + strlen(numbers[i].key), numbers[i].value);
    for (size_t i = 0; !from_gate && i < sizeof strings / sizeof *strings; i++)
        if (strncmp(text, strings[i].key, strlen(strings[i].key)) == 0) {
            *strings[i].value = text + strlen(strings[i].key);
            return true;
        }
    if (strncmp(text, "streams=", 8) == 0)
        return opt.one_stream = strcmp(text + 8, "one") == 0, opt.one_stream || strcmp(text + 8, "two") == 0;
    if (strncmp(text, "linger=", 7) == 0)
        return opt.linger = strcmp(text + 7, "yes") == 0, opt.linger || strcmp(text + 7, "no") == 0;
    return false;
}

/* Reads a small file whole, as a string. */
static ssize_t slurp(int dirfd, const char *path, char *buffer, size_t room)
{
    int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n, have = 0;
    while (have < (ssize_t)room - 1 && (n = read(fd, buffer + have, room - 1 - have)) > 0) have += n;
    close(fd);
    buffer[have] = 0;
    return have;
}

/* ---------------------------------------------------------------- processes */

/* The kernel's count of OOM kills in our cgroup, or -1. In a container the cgroup is mounted as the root; on a host (and
 * for v1 in its own hierarchy) its path is in /proc/self/cgroup. */
static int64_t oom_kills(void)
{
    char cgroups[4096], path[4400], text[4096];
    if (slurp(AT_FDCWD, "/proc/self/cgroup", cgroups, sizeof cgroups) < 0) return -1;
    for (char *line = strtok(cgroups, "\n"); line; line = strtok(NULL, "\n")) {
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *group++ = 0;
        bool v2 = strcmp(line, "0:") == 0;
        if (!v2 && !strstr(controllers, "memory")) continue;
        for (int whole = 1; whole >= 0; whole--) {
            snprintf(path, sizeof path, "/sys/fs/cgroup%s%s/%s", v2 ? "" : "/memory", whole ? group : "",
                     v2 ? "memory.events" : "memory.oom_control");
            if (slurp(AT_FDCWD, path, text, sizeof text) < 0) continue;
            char *count = strstr(text, "oom_kill ");
            if (count) return strtoll(count + strlen("oom_kill "), NULL, 10);
        }
    }
    return -1;
}

static struct { pid_t pid, parent; bool alive, ours; } table[PROCESSES];

/* Fills `table` with all processes, in the ascending order that /proc gives, and marks our living descendants. An `exec`
 * of a user into the container has parent 0 and is not one of them. Returns their number, or -1 without a /proc. */
static int find_descendants(void)
{
    static char entries[32768];
    int count = 0, living = 0, proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) return -1;
    for (long n; (n = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0;)
        for (struct dirent *e = (void *)entries; (char *)e < entries + n; e = (void *)((char *)e + e->d_reclen)) {
            char path[300], stat_line[512], *after_name;
            if (e->d_name[0] < '1' || e->d_name[0] > '9' || count == PROCESSES) continue;
            snprintf(path, sizeof path, "%s/stat", e->d_name);
            if (slurp(proc, path, stat_line, sizeof stat_line) < 0 || !(after_name = strrchr(stat_line, ')'))) continue;
            table[count].pid = atoi(e->d_name);
            table[count].alive = after_name[2] != 'Z' && after_name[2] != 'X';
            table[count].parent = atoi(after_name + 4);
            table[count++].ours = false;
        }
    close(proc);
    if (count == 0) return -1;
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < count; i++) {
            if (table[i].ours) continue;
            bool ours = table[i].parent == getpid();
            for (int low = 0, high = count - 1; !ours && low <= high;) {
                int middle = (low + high) / 2;
                if (table[middle].pid == table[i].parent) { ours = table[middle].ours; break; }
                if (table[middle].pid < table[i].parent) low = middle + 1; else high = middle - 1;
            }
            if (ours) changed = table[i].ours = true, living += table[i].alive;
        }
    }
    /* Callers walk the table up to the first pid 0. */
    if (count < PROCESSES) table[count].pid = 0;
    return living;
}

/* Signals every living descendant; returns how many there were. Without /proc the program's group is all we know. */
static int signal_descendants(int signal)
{
    int living = find_descendants();
    if (living < 0) return kill(-program, signal) == 0 || !no_children;
    for (int i = 0; i < PROCESSES && table[i].pid; i++)
        if (table[i].ours) kill(table[i].pid, signal); /* also a zombie: it may be a leader whose threads live on */
    return living;
}

static void reap(void)
{
    int state;
    pid_t pid;
    while ((pid = wait4(-1, &state, WNOHANG, NULL)) > 0) {
        if (pid != program || ended) { orphans++; continue; }
        ended = true; /* the result is fixed at this instant, whatever its children still do */
        status = state;
        end_boot = now_boot();
    }
    no_children = pid < 0 && errno == ECHILD;
}

/* ---------------------------------------------------------------- log */

static void announce(void);

/* Writes what is pending; false if the disk would not take it, then the loop tries again in 100 ms and reads no more,
 * so that the script blocks and nothing is lost. The index record comes before its bytes: a record past the end is
 * harmless, a byte without a record is not. */
static bool store_pending(void)
{
    static int last_stream;
    static int64_t last_ns;
    if (pending.length && !pending.indexed) {
        if (pending.stream != last_stream || pending.read_ns - last_ns >= MS || pending.read_ns < last_ns) {
            uint64_t record[2] = {log_bytes << 2 | pending.stream, pending.read_ns};
            /* pwrite without O_APPEND: a torn record is written over, so records stay aligned */
            if (pwrite(index_fd, record, sizeof record, index_bytes) != sizeof record) goto blocked;
            index_bytes += sizeof record;
            last_stream = pending.stream;
            last_ns = pending.read_ns;
        }
        pending.indexed = true;
    }
    while (pending.length) {
        ssize_t n = write(log_fd, pending.bytes + pending.offset, pending.length);
        if (n <= 0) goto blocked;
        pending.offset += n;
        pending.length -= n;
        log_bytes += n;
    }
    if (due_retry != NEVER) {
        due_retry = NEVER;
        announce();
    }
    return true;
blocked:;
    bool news = due_retry == NEVER;
    due_retry = after(100);
    if (news) announce();
    return false;
}

/* Moves one chunk from a pipe to the log. Returns the bytes moved; 0 when there is nothing now, or at the end. */
static size_t copy_pipe(int which)
{
    if (pipes[which] < 0 || pending.length) return 0;
    ssize_t n = read(pipes[which], pending.bytes, CHUNK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) {
        close(pipes[which]);
        pipes[which] = -1;
        return 0;
    }
    if (phase == LINGERING) return n; /* the log ended with `exit`; we only keep daemons from dying of SIGPIPE */
    pending.offset = 0;
    pending.length = n;
    pending.stream = opt.one_stream ? BOTH : which ? STDERR : STDOUT;
    pending.read_ns = clock_ns(CLOCK_REALTIME);
    pending.indexed = false;
    store_pending();
    return n;
}

/* ---------------------------------------------------------------- answers */

static bool send_record(int fd, int type, const void *bytes, size_t length)
{
    uint8_t message[HEADER + RECORD + sizeof exit_json] = "ARG1";
    message[HEADER] = type;
    put32(message + HEADER + 1, length);
    memcpy(message + HEADER + RECORD, bytes, length);
    put32(message + 4, RECORD + length);
    put32(message + 8, crc32(message + HEADER, RECORD + length));
    ssize_t whole = HEADER + RECORD + length;
    return send(fd, message, whole, MSG_DONTWAIT | MSG_NOSIGNAL) == whole;
}

/* Secrets leave our memory as soon as they have been used. */
static void forget_payload(struct client *c)
{
    if (c->kept) explicit_bzero(c->kept, c->kept_room), munmap(c->kept, c->kept_room);
    c->kept = NULL;
    c->kept_size = c->kept_room = 0;
}

static void drop(struct client *c)
{
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = -1;
    explicit_bzero(receive[c - clients], c->have); /* what was obeyed is wiped already */
    c->have = 0;
    forget_payload(c);
}

static void answer(struct client *c, int type, const char *text)
{
    if (c->fd >= 0 && !send_record(c->fd, type, text, strlen(text))) drop(c);
}

static void answer_state(struct client *c)
{
    static const char *names[] = {"waiting", "running", "draining", "draining", "draining", "held", "lingering"};
    char text[64];
    snprintf(text, sizeof text, "%s%s", names[phase], due_retry == NEVER ? "" : " log-blocked");
    answer(c, REC_STATE, text);
    if (exit_length && c->fd >= 0 && !send_record(c->fd, REC_EXIT, exit_json, exit_length)) drop(c);
}

/* Tells every watcher where we are. */
static void announce(void)
{
    for (struct client *c = clients; c < clients + CLIENTS; c++)
        if (c->watch) answer_state(c);
}

static void enter(enum phase next, int64_t due)
{
    phase = next;
    due_phase = due;
    announce();
}

/* ---------------------------------------------------------------- the end */

/* Files from the gate live in memory (tmpfs). A container's go with it; a host's are ours to remove. */
static void remove_files(void)
{
    char entries[4096];
    int dir = open(opt.files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return;
    for (long n; (n = syscall(SYS_getdents64, dir, entries, sizeof entries)) > 0;)
        for (struct dirent *e = (void *)entries; (char *)e < entries + n; e = (void *)((char *)e + e->d_reclen))
            unlinkat(dir, e->d_name, 0);
    close(dir);
    rmdir(opt.files);
}

/* When PID 1 leaves, the kernel kills the relays that `exec` brought in. Tell them that this was all, and give them a
 * moment to deliver it: a relay hangs up by leaving. A new TERM ends the wait. */
static void let_relays_finish(void)
{
    int64_t due = after(RELAY_MS), left;
    for (struct client *c = clients; c < clients + CLIENTS; c++) {
        char rest[256];
        if (c->fd < 0 || c->epoch < 0) continue;
        shutdown(c->fd, SHUT_WR);
        struct pollfd fds[2] = {{c->fd, POLLIN, 0}, {signal_fd, POLLIN, 0}};
        while ((left = due - now_boot()) > 0 && poll(fds, 2, left / MS + 1) > 0) {
            struct signalfd_siginfo info;
            if (fds[1].revents && read(signal_fd, &info, sizeof info) > 0 && info.ssi_signo == SIGTERM) due = 0;
            if (fds[0].revents && recv(c->fd, rest, sizeof rest, MSG_DONTWAIT) <= 0) break;
        }
    }
}

static _Noreturn void leave(void)
{
    let_relays_finish();
    unlink("held");
    unlink("ctl");
    if (made_files && getpid() != 1) remove_files();
    if (own_code) _exit(own_code);
    _exit(status < 0 ? 128 + SIGKILL : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void write_exit(void)
{
    char result[64] = "", oom[24] = "null", why[128] = "";
    struct rusage use;
    int64_t oom_after = program > 0 ? oom_kills() : -1, start = start_wall ? start_wall : clock_ns(CLOCK_REALTIME);
    getrusage(RUSAGE_CHILDREN, &use);
    if (own_code) snprintf(result, sizeof result, ",\"code\":%d", own_code);
    else if (status >= 0 && WIFSIGNALED(status)) snprintf(result, sizeof result, ",\"signal\":%d", WTERMSIG(status));
    else if (status >= 0) snprintf(result, sizeof result, ",\"code\":%d", WEXITSTATUS(status));
    if (failed_stage) snprintf(why, sizeof why, ",\"stage\":\"%s\",\"errno\":%d", failed_stage, failed_errno);
    if (stopped_by) snprintf(why, sizeof why, ",\"by\":\"%s\"", stopped_by);
    if (oom_before >= 0 && oom_after >= oom_before)
        snprintf(oom, sizeof oom, "%lld", (long long)(oom_after - oom_before));
    exit_length = snprintf(exit_json, sizeof exit_json,
        "{\"version\":1,\"reason\":\"%s\"%s%s,\"oomKills\":%s,\"stragglers\":%d,\"unkilled\":%d,\"orphansReaped\":%d,"
        "\"killedAfterGrace\":%s,\"startNs\":\"%lld\",\"endNs\":\"%lld\",\"userUs\":%lld,\"sysUs\":%lld,\"maxRssKb\":%ld,"
        "\"logBytes\":%llu,\"logLost\":%llu}\n",
        reason, result, why, oom, stragglers, unkilled, orphans, killed_after_grace ? "true" : "false", (long long)start,
        (long long)(start + (start_boot ? end_boot - start_boot : 0)),
        use.ru_utime.tv_sec * 1000000LL + use.ru_utime.tv_usec, use.ru_stime.tv_sec * 1000000LL + use.ru_stime.tv_usec,
        use.ru_maxrss, (unsigned long long)log_bytes, (unsigned long long)log_lost);

    fsync(log_fd);
    fsync(index_fd);
    /* The script is the same user and can put anything in our way: move obstacles aside, never follow them. */
    int fd = open("exit.tmp", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    if (fd < 0) {
        rename("exit.tmp", "exit.tmp.obstacle");
        fd = open("exit.tmp", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    }
    if (fd < 0 || pwrite(fd, exit_json, exit_length, 0) != (ssize_t)exit_length || ftruncate(fd, exit_length) < 0
        || fsync(fd) < 0)
        say("cannot write", "exit.tmp", errno);
    else if (rename("exit.tmp", "exit") < 0) {
        rename("exit", "exit.obstacle");
        if (rename("exit.tmp", "exit") < 0) say("cannot write", "exit", errno);
    }
    if (fd >= 0) close(fd);
    if ((fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) fsync(fd), close(fd);
    /* Where Kubernetes offers it, the record survives the pod's disk. */
    if ((fd = open("/dev/termination-log", O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) >= 0) {
        if (write(fd, exit_json, exit_length) < 0) say("cannot write", "/dev/termination-log", errno);
        close(fd);
    }
}

static void conclude(void)
{
    write_exit();
    bool success = !own_code && status == 0 && strcmp(reason, "exited") == 0;
    if (opt.linger && !stopped_by && strcmp(reason, "timeout") != 0 && !no_children) {
        enter(LINGERING, NEVER);
    } else if (!success && !stopped_by && opt.hold_ms > 0 && phase != WAITING) {
        int fd = open("held", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd >= 0) close(fd);
        enter(HELD, after(opt.hold_ms));
    } else {
        announce(); /* watchers get the exit record */
        leave();
    }
}

/* Ends an attempt whose program never ran. */
static void conclude_at_gate(const char *why, int code)
{
    reason = why;
    own_code = code;
    conclude();
}

/* Cancel and time-out, in whatever phase they come. */
static void stop(const char *why, const char *by, int64_t grace_ms)
{
    if (phase == WAITING) {
        stopped_by = by;
        conclude_at_gate("cancelled-at-gate", CODE_CANCELLED);
    } else if (phase == RUNNING && !ended) {
        if (due_kill == NEVER) {
            reason = why;
            stopped_by = by;
            kill(-program, SIGTERM);
        }
        if (after(grace_ms) < due_kill) due_kill = after(grace_ms);
    } else if (phase == HELD) {
        leave();
    } else if (phase == LINGERING) {
        if (due_kill == NEVER) signal_descendants(SIGTERM);
        if (after(grace_ms) < due_kill) due_kill = after(grace_ms);
    } else { /* the result is fixed already; only stop waiting for what is left */
        opt.linger = false;
        hurry = true;
        if (phase == DRAINING) due_phase = now_boot();
        if (phase == FLUSHING && after(opt.drain_ms) < due_phase) due_phase = after(opt.drain_ms);
    }
}

/* ---------------------------------------------------------------- the program */

struct late_values { char **argv, **envp; const char *cwd; };

/* Kept records lie one after the other, each with a NUL behind it. */
static size_t next_kept(const uint8_t *kept, size_t at) { return at + RECORD + get32(kept + at + 1) + 1; }

/* Writes the gate's files below a directory of ours. FILE_MORE continues the file before it: one message is too small
 * for some. The mode is 0400 from the start; the descriptor that made the file may write all the same. */
static bool write_files(const uint8_t *kept, size_t size)
{
    int fd = -1, dir = -1;
    made_files = mkdir(opt.files, 0700) == 0;
    if (!made_files || (dir = open(opt.files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) return false;
    for (size_t at = 0; at < size; at = next_kept(kept, at)) {
        const uint8_t *bytes = kept + at + RECORD, *end = bytes + get32(kept + at + 1);
        if (kept[at] != REC_FILE && kept[at] != REC_FILE_MORE) continue;
        if (kept[at] == REC_FILE) { /* its name is one path component; openat refuses "", "." and ".." by itself */
            const char *name = (const char *)bytes;
            bytes += strlen(name) + 1;
            if (fd >= 0) close(fd);
            errno = EINVAL;
            if (bytes > end || strchr(name, '/')) return false;
            fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
        }
        if (fd < 0) return false;
        for (ssize_t n; bytes < end; bytes += n)
            if ((n = write(fd, bytes, end - bytes)) <= 0) return false;
    }
    if (fd >= 0) close(fd);
    close(dir);
    return true;
}

/* Puts NAME=VALUE into an environment, or takes NAME out of it. */
static size_t set_variable(char **envp, size_t count, char *text)
{
    size_t name = strcspn(text, "="), kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(envp[i], text, name) != 0 || envp[i][name] != '=') envp[kept++] = envp[i];
    if (text[name] == '=') envp[kept++] = text;
    return kept;
}

/* Everything between fork and exec. No allocation, no return. */
static _Noreturn void become_program(const struct late_values *v, const int out[2], int report)
{
    int failure[2] = {0, 0}; /* stage, errno */
    sigset_t none;
    setsid();
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(original_umask);
    /* Not dumpable is inherited by fork and would make oom_score_adj unwritable. */
    prctl(PR_SET_DUMPABLE, 1);
    char adjust[32];
    int fd;
    if (slurp(AT_FDCWD, "/proc/self/oom_score_adj", adjust, sizeof adjust) > 0
        && (fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)) >= 0) {
        int value = atoi(adjust) + 100;
        snprintf(adjust, sizeof adjust, "%d", value > 1000 ? 1000 : value);
        if (write(fd, adjust, strlen(adjust)) < 0) errno = 0; /* only a preference */
        close(fd);
    }
    if ((fd = open("/dev/null", O_RDONLY)) >= 0) dup2(fd, 0); else close(0);
    dup2(out[0], 1);
    dup2(out[1], 2);
    /* On a host the launcher's descriptors would leak through us; all of ours are CLOEXEC already. */
    if (syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */) < 0)
        for (fd = 3; fd < 4096; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fchdir(original_cwd) < 0 || (v->cwd && chdir(v->cwd) < 0)) {
        failure[1] = errno;
    } else {
        environ = v->envp; /* so that execvp looks in the new PATH */
        execvp(v->argv[0], v->argv);
        failure[0] = 1;
        failure[1] = errno;
    }
    if (write(report, failure, sizeof failure) < 0) _exit(CODE_SETUP);
    _exit(CODE_EXEC);
}

/* Makes the pipes, forks, and waits for exec to have happened or failed. Null on success, else the stage that failed. */
static const char *start_program(const struct late_values *v)
{
    int out[2] = {-1, -1}, report[2], failure[2];
    for (int i = 0; i < (opt.one_stream ? 1 : 2); i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) return "pipe";
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        fchmod(ends[1], 0622); /* so that `su app -c 'echo x > /dev/stderr'` may open it again */
        pipes[i] = ends[0];
        out[i] = ends[1];
    }
    if (opt.one_stream) out[1] = out[0];
    if (pipe2(report, O_CLOEXEC) < 0) return "pipe";
    oom_before = oom_kills();
    start_wall = clock_ns(CLOCK_REALTIME);
    end_boot = start_boot = now_boot();
    program = fork();
    if (program < 0) return "fork";
    if (program == 0) become_program(v, out, report[1]);
    close(out[0]);
    if (!opt.one_stream) close(out[1]);
    close(report[1]);
    ssize_t n;
    do n = read(report[0], failure, sizeof failure); while (n < 0 && errno == EINTR);
    close(report[0]);
    if (n != sizeof failure) return NULL;
    wait4(program, NULL, 0, NULL);
    errno = failure[1];
    return failure[0] ? "exec" : "cwd";
}

/* `go`: turns the kept records into a running program. Answers only when that has happened or failed. */
static void open_gate(struct client *c)
{
    struct late_values v = {0};
    size_t inherited = 0, arguments = 0, variables = 0, files = 0, argc = 0, envc = 0;
    const char *bad = NULL;
    __typeof__(opt) before = opt;
    while (environ[inherited]) inherited++;
    for (size_t at = 0; at < c->kept_size; at = next_kept(c->kept, at)) {
        arguments += c->kept[at] == REC_ARG;
        variables += c->kept[at] == REC_ENV;
        files += c->kept[at] == REC_FILE;
    }
    size_t pointers = arguments + 1 + inherited + variables + 2, room = pointers * sizeof(char *);
    char **space = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (space == MAP_FAILED) return answer(c, REC_ERROR, "out of memory");
    v.argv = space;
    v.envp = space + arguments + 1;
    for (; envc < inherited; envc++) v.envp[envc] = environ[envc];
    for (size_t at = 0; at < c->kept_size; at = next_kept(c->kept, at)) {
        char *bytes = (char *)c->kept + at + RECORD;
        size_t length = get32(c->kept + at + 1);
        int type = c->kept[at];
        if (type != REC_FILE && type != REC_FILE_MORE && strlen(bytes) != length) bad = "a NUL byte inside a value";
        if (type == REC_ARG) v.argv[argc++] = bytes;
        else if (type == REC_ENV && (*bytes == '=' || *bytes == 0)) bad = "a variable without a name";
        else if (type == REC_ENV) envc = set_variable(v.envp, envc, bytes);
        else if (type == REC_CWD) v.cwd = bytes;
        else if (type == REC_OPTION && !set_option(bytes, true)) bad = "unknown option, or a value it does not take";
    }
    if (argc == 0) bad = "no program: at least one argument is needed";
    if (bad) { /* nothing has happened yet: the gate stays, the sender may try again */
        opt = before;
        munmap(space, room);
        answer(c, REC_ERROR, bad);
        return drop(c);
    }
    static char marker[300];
    if (opt.attempt && snprintf(marker, sizeof marker, "ARGONAUT_ATTEMPT=%s", opt.attempt) < (int)sizeof marker)
        envc = set_variable(v.envp, envc, marker);

    const char *failed = files && !write_files(c->kept, c->kept_size) ? "files" : NULL;
    if (!failed) failed = start_program(&v);
    int error = errno;
    munmap(space, room);
    for (struct client *each = clients; each < clients + CLIENTS; each++) forget_payload(each);
    due_gate = NEVER;
    if (failed) {
        char text[64];
        bool exec = strcmp(failed, "exec") == 0 || strcmp(failed, "cwd") == 0;
        failed_stage = failed;
        failed_errno = error;
        snprintf(text, sizeof text, "%s %d", failed, error);
        answer(c, REC_FAILED, text);
        enter(FLUSHING, NEVER);
        return conclude_at_gate(exec ? "exec-failed" : "setup-failed", exec ? CODE_EXEC : CODE_SETUP);
    }
    if (opt.deadline_ms) due_deadline = deadline = after(opt.deadline_ms);
    answer(c, REC_OK, "");
    enter(RUNNING, NEVER);
}

/* ---------------------------------------------------------------- control */

static bool keep(struct client *c, const uint8_t *record, size_t length)
{
    size_t need = c->kept_size + length + 1;
    if (need > PAYLOAD_CAP) return false;
    if (need > c->kept_room) {
        size_t room = 2 * need + CHUNK;
        uint8_t *bigger = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bigger == MAP_FAILED) return false;
        if (c->kept) {
            memcpy(bigger, c->kept, c->kept_size);
            explicit_bzero(c->kept, c->kept_room);
            munmap(c->kept, c->kept_room);
        }
        c->kept = bigger;
        c->kept_room = room;
    }
    memcpy(c->kept + c->kept_size, record, length);
    c->kept[c->kept_size + length] = 0;
    c->kept_size = need;
    return true;
}

/* The newest epoch speaks; an older one is told so and let go. Kept in memory: a script can delete a file. */
static void hello(struct client *c, int64_t epoch)
{
    if (epoch < newest_epoch) {
        answer(c, REC_SUPERSEDED, "");
        return drop(c);
    }
    newest_epoch = epoch;
    for (struct client *other = clients; other < clients + CLIENTS; other++)
        if (other != c && other->fd >= 0 && other->epoch >= 0) {
            answer(other, REC_SUPERSEDED, "");
            drop(other);
        }
    c->epoch = epoch;
}

static void obey(struct client *c, const uint8_t *record, size_t length)
{
    char text[32] = "";
    int64_t value = 0;
    if (length < sizeof text) memcpy(text, record + RECORD, length);
    switch (record[0]) {
    case REC_ENV: case REC_FILE: case REC_FILE_MORE: case REC_ARG: case REC_CWD: case REC_OPTION:
        if (phase == WAITING && !keep(c, record, RECORD + length)) {
            answer(c, REC_ERROR, "payload too big");
            drop(c);
        }
        return;
    case REC_GO:
        return phase == WAITING ? open_gate(c) : answer(c, REC_ALREADY, "");
    case REC_STATUS:
        c->watch |= strcmp(text, "watch") == 0;
        return answer_state(c);
    case REC_CANCEL:
        answer(c, REC_OK, "");
        return stop("cancelled", "control", number(text, &value) ? value : opt.grace_ms);
    case REC_RELEASE:
        answer(c, REC_OK, "");
        if (phase == HELD) leave();
        return;
    case REC_HELLO:
        if (number(text, &value)) hello(c, value);
        return;
    case REC_PING: /* for the relay between us and the sender */
        return;
    default:
        answer(c, REC_ERROR, "unknown record");
        drop(c);
    }
}

static void hear(struct client *c)
{
    uint8_t *buffer = receive[c - clients];
    ssize_t n = recv(c->fd, buffer + c->have, sizeof receive[0] - c->have, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return drop(c);
    c->have += n;
    while (c->fd >= 0 && c->have >= HEADER) {
        uint32_t length = get32(buffer + 4);
        if (memcmp(buffer, "ARG1", 4) != 0 || length > MESSAGE_CAP) {
            answer(c, REC_ERROR, "not a message of this protocol, or too long");
            return drop(c);
        }
        if (c->have < HEADER + length) return;
        bool whole = crc32(buffer + HEADER, length) == get32(buffer + 8);
        for (size_t at = HEADER, end = HEADER + length; whole && at < end; at += RECORD + get32(buffer + at + 1))
            whole = end - at >= RECORD && get32(buffer + at + 1) <= end - at - RECORD;
        if (!whole) {
            answer(c, REC_ERROR, "damaged message");
            return drop(c);
        }
        for (size_t at = HEADER; c->fd >= 0 && at < HEADER + length; at += RECORD + get32(buffer + at + 1))
            obey(c, buffer + at, get32(buffer + at + 1));
        if (c->fd < 0) return;
        c->have -= HEADER + length;
        memmove(buffer, buffer + HEADER + length, c->have);
        explicit_bzero(buffer + c->have, HEADER + length);
    }
}

static void welcome(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    struct client *free_one = NULL;
    for (struct client *c = clients; c < clients + CLIENTS && !free_one; c++)
        if (c->fd < 0) free_one = c;
    if (!free_one) { /* all taken: the oldest place goes, so that nobody can lock the worker out */
        static int next;
        free_one = &clients[next++ % CLIENTS];
        drop(free_one);
    }
    *free_one = (struct client){.fd = fd, .epoch = -1};
}

/* ---------------------------------------------------------------- the loop */

static void on_signals(void)
{
    struct signalfd_siginfo info;
    while (read(signal_fd, &info, sizeof info) == sizeof info) {
        int s = info.ssi_signo;
        if (s == SIGTERM) stop("cancelled", "SIGTERM", opt.grace_ms);
        else if (s == SIGINT) stop("cancelled", "SIGINT", opt.grace_ms);
        else if (s == SIGQUIT) stop("cancelled", "SIGQUIT", opt.grace_ms);
        else if (s == SIGUSR1 && phase == HELD) leave();
        else if (s != SIGCHLD && getpid() == 1 && phase == RUNNING && !ended) kill(-program, s);
    }
}

/* Moves from phase to phase; each `if` may fall through to the next phase at once. */
static void advance(void)
{
    int64_t now = now_boot();
    reap();
    if (due_retry <= now) store_pending();
    if (phase == WAITING && due_gate <= now) conclude_at_gate("gate-timeout", CODE_GATE);
    if (phase == RUNNING && !ended) {
        if (due_deadline <= now) {
            due_deadline = NEVER;
            stop("timeout", NULL, opt.grace_ms);
        }
        if (due_kill <= now) {
            killed_after_grace = true;
            kill(-program, SIGKILL);
            unkilled = signal_descendants(SIGKILL);
            due_kill = now + 100 * MS;
            if (++kill_rounds > 50) ended = true, status = -1, end_boot = now; /* another uid's: cannot be ended by us */
        }
    }
    if (phase == RUNNING && ended) {
        due_kill = due_deadline = NEVER;
        kill_rounds = unkilled = 0;
        enter(DRAINING, after(opt.drain_ms));
    }
    if (phase == DRAINING) {
        bool quiet = no_children && pipes[0] < 0 && pipes[1] < 0;
        if (!quiet && due_phase > now) return;
        bool stopped = stopped_by || strcmp(reason, "timeout") == 0;
        stragglers = no_children ? 0 : find_descendants();
        if (stragglers < 0) stragglers = 1; /* no /proc: at least the child that wait4 sees */
        if (stragglers && (!opt.linger || stopped)) {
            signal_descendants(SIGTERM);
            enter(CLEARING, after(1000));
        } else {
            enter(FLUSHING, NEVER);
        }
    }
    if (phase == CLEARING) {
        if (!no_children) {
            if (due_phase > now) return;
            unkilled = signal_descendants(SIGKILL);
            due_phase = now + 50 * MS;
            if (unkilled && ++kill_rounds <= 40) return; /* as PID 1 we take the rest along when we leave */
        } else {
            unkilled = 0;
        }
        enter(FLUSHING, NEVER);
    }
    if (phase == FLUSHING) {
        static size_t budget = 4u << 20; /* a pipe holds less; somebody outside may write for ever */
        for (int i = 0; i < 2; i++)
            for (size_t n; budget && (n = copy_pipe(i)) > 0;) budget = n < budget ? budget - n : 0;
        if (pending.length) { /* no space: wait for it, as long as anybody still wants the result */
            bool stopped = hurry || stopped_by || strcmp(reason, "timeout") == 0;
            if (due_phase == NEVER) due_phase = stopped ? after(opt.drain_ms) : deadline;
            if (due_phase > now) return;
            log_lost = pending.length;
            for (int i = 0, queued; i < 2; i++)
                if (pipes[i] >= 0 && ioctl(pipes[i], FIONREAD, &queued) == 0) log_lost += queued;
            pending.length = 0;
            due_retry = NEVER;
        }
        conclude();
    }
    if (phase == HELD && due_phase <= now) leave();
    if (phase == LINGERING) {
        if (due_kill <= now) signal_descendants(SIGKILL), due_kill = now + 100 * MS;
        if (no_children) leave();
    }
}

static void wait_for_something(void)
{
    int64_t due = due_gate;
    const int64_t others[] = {due_deadline, due_kill, due_phase, due_retry};
    for (int i = 0; i < 4; i++) if (others[i] < due) due = others[i];
    struct itimerspec timer = {0}; /* all zero disarms */
    if (due != NEVER) timer.it_value = (struct timespec){due / 1000000000, due % 1000000000};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);

    struct pollfd fds[5 + CLIENTS] = {{signal_fd, POLLIN, 0}, {timer_fd, POLLIN, 0}, {listener, POLLIN, 0}};
    for (int i = 0; i < 2; i++) fds[3 + i] = (struct pollfd){pending.length ? -1 : pipes[i], POLLIN, 0};
    for (int i = 0; i < CLIENTS; i++) fds[5 + i] = (struct pollfd){clients[i].fd, POLLIN, 0};
    if (poll(fds, 5 + CLIENTS, -1) < 0) return;

    uint64_t ticks;
    if (fds[1].revents && read(timer_fd, &ticks, sizeof ticks) < 0) ticks = 0;
    if (fds[0].revents) on_signals();
    for (int i = 0; i < 2; i++) if (fds[3 + i].revents) copy_pipe(i);
    for (int i = 0; i < CLIENTS; i++) if (fds[5 + i].revents && clients[i].fd == fds[5 + i].fd) hear(&clients[i]);
    if (fds[2].revents) welcome();
}

static void watch_signals(void)
{
    sigset_t all, ours;
    sigfillset(&all); /* blocked, not ignored: a blocked signal reaches PID 1's signalfd */
    for (int s = 1; s < NSIG; s++)
        if (s == SIGSEGV || s == SIGBUS || s == SIGILL || s == SIGFPE || s == SIGABRT) sigdelset(&all, s);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&ours);
    const int wanted[] = {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGHUP};
    for (int i = 0; i < 7; i++) sigaddset(&ours, wanted[i]);
    signal(SIGCHLD, SIG_DFL); /* a launcher that ignores SIGCHLD would make wait4 lose the code */
    signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (signal_fd < 0 || timer_fd < 0) die(CODE_SETUP, "no", "signalfd or timerfd");
}

static _Noreturn void run(void)
{
    prctl(PR_SET_DUMPABLE, 0); /* the script is the same user: it must not read our memory or environment */
    original_cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* Short names from here on: a socket's path may hold 107 bytes, a directory's far more. */
    if (chdir(opt.dir) < 0) die(CODE_DIRECTORY, "cannot enter", opt.dir);
    original_umask = umask(0);
    if (mkdir("started", 0777) < 0) die(errno == EEXIST ? CODE_ALREADY : CODE_DIRECTORY, "cannot make started in", opt.dir);
    watch_signals();
    if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) say("cannot adopt orphans in", opt.dir, errno);

    log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    index_fd = open("log.idx", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    int reserve = open("exit.tmp", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (log_fd < 0 || index_fd < 0 || reserve < 0 || write(reserve, exit_json, sizeof exit_json) < 0)
        die(CODE_DIRECTORY, "cannot write in", opt.dir);
    close(reserve);

    struct sockaddr_un address = {AF_UNIX, "ctl"};
    for (int i = 0; i < CLIENTS; i++) clients[i].fd = -1;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (void *)&address, sizeof address) < 0 || chmod("ctl", 0666) < 0
        || listen(listener, 16) < 0) die(CODE_GATE, "cannot make the gate in", opt.dir);
    due_gate = after(opt.gate_ms);
    for (;;) {
        advance();
        wait_for_something();
    }
}

/* ---------------------------------------------------------------- sandbox */

static _Noreturn void sandbox(void)
{
    watch_signals();
    if (opt.deadline_ms == 0) opt.deadline_ms = opt.gate_ms; /* nothing of ours waits for ever */
    int64_t due = after(opt.deadline_ms);
    struct itimerspec timer = {{0, 0}, {due / 1000000000, due % 1000000000}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
    struct pollfd fds[2] = {{signal_fd, POLLIN, 0}, {timer_fd, POLLIN, 0}};
    for (;;) {
        struct signalfd_siginfo info;
        poll(fds, 2, -1);
        while (wait4(-1, NULL, WNOHANG, NULL) > 0) {}
        while (read(signal_fd, &info, sizeof info) == sizeof info)
            if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT || info.ssi_signo == SIGQUIT) _exit(0);
        if (due <= now_boot()) _exit(CODE_GATE);
    }
}

/* ---------------------------------------------------------------- relay and read */

struct buffer { uint8_t bytes[CHUNK]; size_t offset, length; };

/* Writes what a descriptor takes now. False if its other side is gone. Never blocks: a relay whose client was killed
 * would otherwise stay in the container for ever. */
static bool pour(int fd, struct buffer *b)
{
    ssize_t n = b->length ? write(fd, b->bytes + b->offset, b->length) : 0;
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    b->offset += n;
    b->length -= n;
    if (b->length == 0) b->offset = 0;
    return true;
}

static void add_line(struct buffer *b, const char *word, const void *text, size_t length)
{
    if (b->offset + b->length + strlen(word) + length + 2 > CHUNK) return;
    uint8_t *end = b->bytes + b->offset + b->length;
    b->length += strlen(word) + length + 1;
    end = (uint8_t *)memcpy(end, word, strlen(word)) + strlen(word);
    end = (uint8_t *)memcpy(end, text, length) + length;
    *end = '\n';
}

static void unblock(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static int connect_ctl(void)
{
    struct sockaddr_un address = {AF_UNIX, "ctl"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (void *)&address, sizeof address) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

static bool superseded;

/* Turns init's answers into lines. The exit record is held back until the log has been delivered. False at the end. */
static bool hear_init(int fd, struct buffer *lines)
{
    static uint8_t in[HEADER + RECORD + sizeof exit_json + 4096];
    static size_t have;
    static const char *const words[] = {"", "ok", "already", "error ", "failed ", "", "superseded"};
    ssize_t n = recv(fd, in + have, sizeof in - have, MSG_DONTWAIT);
    if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
    have += n;
    while (have >= HEADER + RECORD && have >= HEADER + get32(in + 4)) {
        size_t whole = HEADER + get32(in + 4), length = whole - HEADER - RECORD;
        int type = in[HEADER];
        if (whole < HEADER + RECORD) return false; /* a script may have put a socket of its own there */
        if (type == REC_EXIT && length < sizeof exit_json) {
            memcpy(exit_json, in + HEADER + RECORD, length);
            exit_length = length;
        } else if (type >= REC_STATE && type <= REC_SUPERSEDED) {
            add_line(lines, words[type - REC_STATE], in + HEADER + RECORD, length);
        }
        have -= whole;
        memmove(in, in + whole, have);
        if (type == REC_SUPERSEDED) superseded = true;
    }
    return !superseded;
}

static _Noreturn void relay(void)
{
    static struct buffer in, out, lines;
    char epoch[24];
    bool told = false, init_gone; /* told: the exit record has been handed over */
    if (chdir(opt.dir) < 0) die(CODE_DIRECTORY, "cannot enter", opt.dir);
    signal(SIGPIPE, SIG_IGN);
    for (int fd = 0; fd < 3; fd++) unblock(fd);
    int ctl = connect_ctl(), log = -1, notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (int tries = 0; ctl < 0 && tries < 100 && access("exit", F_OK) < 0; tries++) { /* init may not have come so far */
        poll(NULL, 0, 20);
        ctl = connect_ctl();
    }
    log = open("log", O_RDONLY | O_CLOEXEC);
    if (notify >= 0 && inotify_add_watch(notify, "log", IN_MODIFY) < 0) close(notify), notify = -1;
    snprintf(epoch, sizeof epoch, "%lld", (long long)opt.epoch);
    init_gone = ctl < 0;
    if (ctl >= 0) send_record(ctl, REC_HELLO, epoch, strlen(epoch)), send_record(ctl, REC_STATUS, "watch", 5);
    else add_line(&lines, "no-socket", "", 0); /* removed by the script, or init has ended */
    /* Init may wait for us to hang up, and we do so only by ending: `ctl` is forgotten, never closed. */
    for (int64_t heard = now_boot();;) {
        if (out.length == 0 && log >= 0) {
            ssize_t n = pread(log, out.bytes, CHUNK, opt.from);
            if (n > 0) out.length = n, opt.from += n;
        }
        bool delivered = out.length == 0; /* nothing was left to read above */
        if (init_gone && exit_length == 0) {
            ssize_t n = slurp(AT_FDCWD, "exit", exit_json, sizeof exit_json);
            struct stat st;
            if (n > 0) exit_length = n, delivered = log < 0 || (fstat(log, &st) == 0 && opt.from >= st.st_size && delivered);
        }
        if (exit_length && !told && delivered && !superseded) {
            if (exit_json[exit_length - 1] == '\n') exit_length--;
            add_line(&lines, "exit ", exit_json, exit_length);
            told = true;
        }
        if ((superseded || (init_gone && told)) && lines.length == 0) _exit(0);
        struct pollfd fds[5] = {
            {in.length ? -1 : 0, POLLIN, 0}, {ctl, POLLIN | (in.length ? POLLOUT : 0), 0},
            {out.length ? 1 : -1, POLLOUT, 0}, {lines.length ? 2 : -1, POLLOUT, 0}, {notify, POLLIN, 0},
        };
        poll(fds, 5, init_gone ? 100 : notify < 0 ? 20 : 1000);
        uint8_t events[4096];
        if (fds[4].revents && read(notify, events, sizeof events) < 0) continue;
        if (fds[0].revents) {
            ssize_t n = read(0, in.bytes, CHUNK);
            if (n == 0 || (n < 0 && errno != EAGAIN)) _exit(0); /* the client is gone */
            if (n > 0) in.length = n, heard = now_boot();
        }
        if (ctl < 0) in.length = 0; /* only signals reach init now */
        else if ((fds[1].revents & (POLLIN | POLLHUP) && !hear_init(ctl, &lines)) || !pour(ctl, &in)) {
            ctl = -1;
            init_gone = true;
            if (!superseded && exit_length == 0) add_line(&lines, "no-socket", "", 0);
        }
        if (!pour(1, &out) || !pour(2, &lines)) _exit(0);
        if (now_boot() - heard > opt.idle_ms * MS) _exit(0);
    }
}

static _Noreturn void read_file(void)
{
    static struct buffer out;
    if (chdir(opt.dir) < 0) die(CODE_DIRECTORY, "cannot enter", opt.dir);
    if (strcmp(opt.file, "log") != 0 && strcmp(opt.file, "log.idx") != 0 && strcmp(opt.file, "exit") != 0)
        die(CODE_USAGE, "not a file of an attempt:", opt.file);
    int fd = open(opt.file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) die(CODE_DIRECTORY, "cannot read", opt.file);
    unblock(1);
    while (opt.from < opt.to) {
        ssize_t n = pread(fd, out.bytes, opt.to - opt.from < CHUNK ? opt.to - opt.from : CHUNK, opt.from);
        if (n <= 0) break;
        for (out.offset = 0, out.length = n, opt.from += n; out.length;) {
            struct pollfd ready = {1, POLLOUT, 0};
            if (poll(&ready, 1, opt.idle_ms) <= 0 || !pour(1, &out)) _exit(CODE_GATE);
        }
    }
    _exit(0);
}

/* ---------------------------------------------------------------- probe */

/* Does somebody listen there? Waits for the answer, which on the loopback interface comes at once. */
static bool answers(int family)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(opt.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(opt.port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false; /* a kernel without IPv6 */
    bool ok = family == AF_INET ? connect(fd, (void *)&four, sizeof four) == 0 : connect(fd, (void *)&six, sizeof six) == 0;
    close(fd);
    return ok;
}

/* Ends with 0 when a TCP port of this network namespace's loopback interface takes connections, else with 1: the question
 * that nobody else can answer for an image that holds no program of its own. */
static _Noreturn void probe(void)
{
    if (opt.port < 1 || opt.port > 65535) errno = 0, die(CODE_USAGE, "probe needs", "port=");
    _exit(!(answers(AF_INET) || answers(AF_INET6)));
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd < 3) {} /* a launcher may have closed 0, 1 or 2 */
    if (fd >= 3) close(fd);
    for (int i = 2; i < argc; i++)
        if (!set_option(argv[i], false)) errno = 0, die(CODE_USAGE, "unknown option", argv[i]);
    if (strcmp(verb, "run") == 0) run();
    if (strcmp(verb, "sandbox") == 0) sandbox();
    if (strcmp(verb, "ctl") == 0) relay();
    if (strcmp(verb, "read") == 0) read_file();
    if (strcmp(verb, "probe") == 0) probe();
    if (strcmp(verb, "version") == 0) return write(1, VERSION "\n", sizeof VERSION) != sizeof VERSION;
    errno = 0;
    die(CODE_USAGE, "usage: run | sandbox | ctl | read | probe | version, not", verb);
}
