/* Two verbs for a worker that shares no file system and comes in by `exec`. `ctl` passes messages from stdin to the
 * gate, the log to stdout and answers as lines to stderr; `read` prints part of one file. Neither ever blocks in a
 * write: with its client killed it would stay in the container for ever. */
#include "init.h"
#include <stdio.h> /* snprintf only */
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CHUNK 65536
struct buffer { uint8_t bytes[CHUNK]; size_t offset, length; };

/* Writes what a descriptor takes now. False if its other side is gone. */
static bool pour(int fd, struct buffer *b) {
    ssize_t n = b->length ? write(fd, b->bytes + b->offset, b->length) : 0;
    if (n < 0) return errno == EAGAIN;
    b->offset += n;
    b->length -= n;
    if (b->length == 0) b->offset = 0;
    return true;
}

static void add_line(struct buffer *b, const char *word, const void *text, size_t length) {
    size_t used = b->offset + b->length, room = CHUNK - used, word_length = strlen(word);
    if (word_length + length + 1 > room) return;
    memcpy(b->bytes + used, word, word_length);
    memcpy(b->bytes + used + word_length, text, length);
    b->bytes[used + word_length + length] = '\n';
    b->length += word_length + length + 1;
}

static void unblock(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

/* init may not have come so far as to make its socket; when there is a record it has left. */
static int connect_gate(void) {
    struct sockaddr_un address = {AF_UNIX, "ctl"};
    for (int tries = 0; tries < 100; tries++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && connect(fd, (void *)&address, sizeof address) == 0) return fd;
        if (fd >= 0) close(fd);
        if (access("exit", F_OK) == 0) break;
        poll(NULL, 0, 20);
    }
    return -1;
}

static bool superseded;

/* Turns init's answers into lines. The exit record is held back until the log has been delivered. False at the end, or
 * when it is not init who answers: a script may have put a socket of its own there. */
static bool hear_init(int fd, struct buffer *lines) {
    static struct inbox in;
    static const char *const words[] = {"", "ok", "already", "error ", "failed ", "", "superseded"};
    if (!receive(fd, &in)) return false;
    int length;
    for (; (length = whole_message(&in)) >= 0; consume(&in)) {
        const uint8_t *at = in.bytes + HEADER, *end = at + length;
        for (struct record r; next_record(&at, end, &r);) {
            if (r.type == REC_EXIT && r.length < sizeof exit_json)
                memcpy(exit_json, r.bytes, exit_length = r.length);
            else if (r.type >= REC_STATE && r.type <= REC_SUPERSEDED && r.type != REC_EXIT)
                add_line(lines, words[r.type - REC_STATE], r.bytes, r.length);
            superseded |= r.type == REC_SUPERSEDED;
        }
    }
    return length == INCOMPLETE && !superseded;
}

/* From stdin to the gate, from the log to stdout, and what goes to stderr. */
static struct buffer in, out, lines;

static void refill_from_log(int log) {
    if (out.length || log < 0) return;
    ssize_t n = pread(log, out.bytes, CHUNK, opt.from);
    if (n > 0) out.length = n, opt.from += n;
}

_Noreturn void relay(void) {
    char epoch[24];
    bool told = false; /* the exit record has been handed over */
    if (chdir(opt.dir) < 0) die(CODE_DIRECTORY, "cannot enter", opt.dir);
    signal(SIGPIPE, SIG_IGN);
    for (int fd = 0; fd < 3; fd++) unblock(fd);
    int gate = connect_gate(), notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    int log = open("log", O_RDONLY | O_CLOEXEC);
    if (notify >= 0 && inotify_add_watch(notify, "log", IN_MODIFY) < 0) close(notify), notify = -1; /* then we poll */
    snprintf(epoch, sizeof epoch, "%lld", (long long)opt.epoch);
    if (gate < 0) add_line(&lines, "no-socket", "", 0); /* removed by the script, or init has ended */
    else send_record(gate, REC_HELLO, epoch, strlen(epoch)), send_record(gate, REC_STATUS, "watch", 5);
    /* Init may wait for us to hang up, and we do so only by ending: `gate` is forgotten, never closed. */
    for (int64_t heard = now_boot();;) {
        ssize_t n;
        if (gate < 0 && !exit_length && (n = slurp(AT_FDCWD, "exit", exit_json, sizeof exit_json)) > 0) exit_length = n;
        refill_from_log(log); /* after the record is known: an empty `out` then means that all has been delivered */
        if (exit_length && !told && !out.length && !superseded) {
            add_line(&lines, "exit ", exit_json, exit_length - (exit_json[exit_length - 1] == '\n'));
            told = true;
        }
        if (gate < 0 && (told || superseded) && !lines.length) _exit(0);

        struct pollfd fds[5] = {
            {in.length ? -1 : 0, POLLIN, 0}, {gate, POLLIN | (in.length ? POLLOUT : 0), 0},
            {out.length ? 1 : -1, POLLOUT, 0}, {lines.length ? 2 : -1, POLLOUT, 0}, {notify, POLLIN, 0},
        };
        uint8_t events[4096];
        poll(fds, 5, gate < 0 ? 100 : notify < 0 ? 20 : 1000);
        if (fds[4].revents && read(notify, events, sizeof events) < 0) continue;
        if (fds[0].revents) {
            n = read(0, in.bytes, CHUNK);
            if (n == 0 || (n < 0 && errno != EAGAIN)) _exit(0); /* the client is gone */
            if (n > 0) in.length = n, heard = now_boot();
        }
        if (gate < 0) in.length = 0; /* only signals reach init now */
        else if ((fds[1].revents & (POLLIN | POLLHUP) && !hear_init(gate, &lines)) || !pour(gate, &in)) {
            gate = -1;
            if (!superseded && !exit_length) add_line(&lines, "no-socket", "", 0);
        }
        if (!pour(1, &out) || !pour(2, &lines)) _exit(0);
        if (now_boot() - heard > opt.idle_ms * MS) _exit(0);
    }
}

_Noreturn void read_file(void) {
    if (chdir(opt.dir) < 0) die(CODE_DIRECTORY, "cannot enter", opt.dir);
    if (strcmp(opt.file, "log") != 0 && strcmp(opt.file, "log.idx") != 0 && strcmp(opt.file, "exit") != 0)
        die(CODE_USAGE, "not a file of an attempt:", opt.file);
    int fd = open(opt.file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) die(CODE_DIRECTORY, "cannot read", opt.file);
    unblock(1);
    while (opt.from < opt.to) {
        ssize_t n = pread(fd, out.bytes, opt.to - opt.from < CHUNK ? opt.to - opt.from : CHUNK, opt.from);
        if (n <= 0) break;
        out.length = n;
        for (opt.from += n; out.length;) {
            struct pollfd ready = {1, POLLOUT, 0};
            if (poll(&ready, 1, opt.idle_ms) <= 0 || !pour(1, &out)) _exit(CODE_GATE);
        }
    }
    _exit(0);
}
