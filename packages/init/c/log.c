/* stdout and stderr become `log`, with `log.idx` beside it. They are pipes, never files: a script that opens
 * /dev/stderr would truncate a file. When the disk takes no more we stop reading, so that the script waits and nothing
 * is lost. */
#include "init.h"
#include <sys/ioctl.h>

#define CHUNK 65536
#define INDEX_RECORD 16
#define FLUSH_CAP (4u << 20) /* a pipe holds less; somebody outside may write for ever */
enum { STDOUT = 1, STDERR = 2, BOTH = 3 };

int pipes[2] = {-1, -1};
int64_t retry_due = NEVER;
static int log_fd, index_fd;
static uint64_t index_bytes;
static struct {
    uint8_t bytes[CHUNK];
    size_t offset, length;
    uint64_t record[2]; /* of the index: the last one before or at these bytes */
    bool indexed;       /* that record is in the file */
} pending;

void open_log(void) {
    log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    index_fd = open("log.idx", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (log_fd < 0 || index_fd < 0) die(CODE_DIRECTORY, "cannot write in", opt.dir);
}

/* The index record comes before its bytes: a record past the end is harmless, a byte without a record is not. */
static bool write_pending(void) {
    if (pending.length && !pending.indexed) {
        /* pwrite without O_APPEND: a torn record is written over, so records stay aligned */
        if (pwrite(index_fd, pending.record, INDEX_RECORD, index_bytes) != INDEX_RECORD) return false;
        index_bytes += INDEX_RECORD;
        pending.indexed = true;
    }
    while (pending.length) {
        ssize_t n = write(log_fd, pending.bytes + pending.offset, pending.length);
        if (n <= 0) return false;
        pending.offset += n;
        pending.length -= n;
        result.log_bytes += n;
    }
    return true;
}

void store_pending(void) {
    bool was_blocked = retry_due != NEVER, stored = write_pending();
    retry_due = stored ? NEVER : after(100);
    if (was_blocked == stored) announce(); /* watchers hear of both changes */
}

/* Moves one chunk from a pipe to the log. Returns the bytes moved; 0 when there is nothing now, or at the end. */
static size_t copy_pipe(int which) {
    if (pipes[which] < 0 || pending.length) return 0;
    ssize_t n = read(pipes[which], pending.bytes, CHUNK);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) {
        close(pipes[which]);
        pipes[which] = -1;
        return 0;
    }
    if (phase > FLUSHING) return n; /* the log ended with `exit`; we only keep daemons from dying of SIGPIPE */
    pending.offset = 0;
    pending.length = n;
    uint64_t stream = opt.one_stream ? BOTH : which ? STDERR : STDOUT, now = clock_ns(CLOCK_REALTIME);
    if (stream == STDERR) result.wrote_errors = true;
    /* A new record after a change of stream, after 1 ms, or when the clock went back (then the difference is huge). */
    if (stream != (pending.record[0] & 3) || now - pending.record[1] >= MS) {
        pending.record[0] = result.log_bytes << 2 | stream;
        pending.record[1] = now;
        pending.indexed = false;
    }
    store_pending();
    return n;
}

void log_sources(struct pollfd *fds) {
    for (int i = 0; i < 2; i++) fds[i] = (struct pollfd){pending.length ? -1 : pipes[i], POLLIN, 0};
}

void log_ready(const struct pollfd *fds) {
    for (int i = 0; i < 2; i++) if (fds[i].revents) copy_pipe(i);
}

/* Reads what the pipes still hold; false while the disk does not take it. */
bool flush_log(void) {
    static size_t budget = FLUSH_CAP;
    for (int i = 0; i < 2; i++)
        for (size_t n; budget && (n = copy_pipe(i)) > 0;) budget -= n < budget ? n : budget;
    return pending.length == 0;
}

/* Nobody waits for space any more: counts what is given up. */
void abandon_log(void) {
    result.log_lost = pending.length;
    for (int i = 0, queued; i < 2; i++)
        if (pipes[i] >= 0 && ioctl(pipes[i], FIONREAD, &queued) == 0) result.log_lost += queued;
    pending.length = 0;
    retry_due = NEVER;
}

void sync_log(void) {
    fsync(log_fd);
    fsync(index_fd);
}
