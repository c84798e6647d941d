/* The exit record. It appears, by rename, only after the program and all that it started are gone and the log is
 * complete (a host step that lingers leaves its daemons alive: their output after `exit` is read and dropped). */
#include "init.h"
#include <stdio.h> /* snprintf only */
#include <sys/resource.h>
#include <sys/wait.h>

struct result result = {.reason = "exited", .oom_before = -1};
char exit_json[EXIT_ROOM];
size_t exit_length;

/* Takes space for the record at the start: a full disk must not hide the result of a step. */
void reserve_exit(void) {
    int fd = open("exit.tmp", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, exit_json, sizeof exit_json) < 0) die(CODE_DIRECTORY, "cannot write in", opt.dir);
    close(fd);
}

/* Ours, so that the engine's exit code is a second witness for the program's. */
int exit_code(void) {
    if (result.own_code) return result.own_code;
    if (result.status < 0) return 128 + SIGKILL;
    return WIFSIGNALED(result.status) ? 128 + WTERMSIG(result.status) : WEXITSTATUS(result.status);
}

static long long micros(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

/* The end is the start plus the BOOTTIME that passed, so that a clock step cannot make a run negative. */
static void format_record(void) {
    char ending[32] = "", why[128] = "", oom[24] = "null";
    struct rusage use;
    getrusage(RUSAGE_CHILDREN, &use);
    int64_t start = result.start_wall ? result.start_wall : clock_ns(CLOCK_REALTIME);
    int64_t oom_after = program > 0 ? oom_kills() : -1;
    if (result.own_code || (result.status >= 0 && WIFEXITED(result.status)))
        snprintf(ending, sizeof ending, ",\"code\":%d", exit_code());
    else if (result.status >= 0)
        snprintf(ending, sizeof ending, ",\"signal\":%d", WTERMSIG(result.status));
    if (result.stage) snprintf(why, sizeof why, ",\"stage\":\"%s\",\"errno\":%d", result.stage, result.error);
    if (result.by) snprintf(why, sizeof why, ",\"by\":\"%s\"", result.by);
    if (result.oom_before >= 0 && oom_after >= result.oom_before)
        snprintf(oom, sizeof oom, "%lld", (long long)(oom_after - result.oom_before));
    exit_length = snprintf(exit_json, sizeof exit_json,
        "{\"version\":1,\"reason\":\"%s\"%s%s,\"oomKills\":%s,\"stragglers\":%d,\"unkilled\":%d,\"orphansReaped\":%d,"
        "\"killedAfterGrace\":%s,\"startNs\":\"%lld\",\"endNs\":\"%lld\",\"userUs\":%lld,\"sysUs\":%lld,\"maxRssKb\":%ld,"
        "\"logBytes\":%llu,\"logLost\":%llu}\n",
        result.reason, ending, why, oom, result.stragglers, result.unkilled, result.orphans,
        result.killed_after_grace ? "true" : "false", (long long)start,
        (long long)(start + result.end_boot - result.start_boot), micros(use.ru_utime), micros(use.ru_stime),
        use.ru_maxrss, (unsigned long long)result.log_bytes, (unsigned long long)result.log_lost);
}

void write_exit(void) {
    format_record();
    sync_log();
    /* The script is the same user and can put anything in our way: move obstacles aside, never follow them. */
    int fd = open("exit.tmp", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    if (fd < 0) {
        rename("exit.tmp", "exit.tmp.obstacle");
        fd = open("exit.tmp", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    }
    bool written = fd >= 0 && pwrite(fd, exit_json, exit_length, 0) == (ssize_t)exit_length
        && ftruncate(fd, exit_length) == 0 && fsync(fd) == 0;
    if (written && rename("exit.tmp", "exit") < 0) {
        rename("exit", "exit.obstacle");
        written = rename("exit.tmp", "exit") == 0;
    }
    if (!written) say("cannot write", "exit");
    if (fd >= 0) close(fd);
    if ((fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) fsync(fd), close(fd);
    /* Where Kubernetes offers it, the record survives the pod's disk. */
    if ((fd = open("/dev/termination-log", O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) >= 0) {
        if (write(fd, exit_json, exit_length) < 0) say("cannot write", "/dev/termination-log");
        close(fd);
    }
}
