/* From what the gate has kept to a running program: its files, its environment, its streams, fork and exec. */
#include "init.h"
#include <stdio.h> /* snprintf only */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define STRINGS (1 << 20) /* their pointers alone are more than the 6 MiB that an exec may carry */

int original_cwd = -1;
mode_t original_umask;
static bool made_files;

/* What the gate's records say; their strings stay in the payload. */
static char *argv[STRINGS], *envp[STRINGS];
static const char *cwd;
static bool has_files;

/* Puts NAME=VALUE into the environment of `count` variables, or takes NAME out of it. Returns the new count. */
static size_t set_variable(size_t count, char *text) {
    size_t name = strcspn(text, "="), kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(envp[i], text, name) != 0 || envp[i][name] != '=') envp[kept++] = envp[i];
    if (text[name] == '=') envp[kept++] = text;
    return kept;
}

/* The gate's variables are laid over what we inherited (the image's ENV). Returns why it is refused, or NULL. */
static const char *read_payload(const uint8_t *kept, size_t size) {
    static char marker[300];
    size_t argc = 0, envc = 0;
    cwd = NULL;
    has_files = false;
    for (; environ[envc]; envc++) envp[envc] = environ[envc];
    const uint8_t *at = kept;
    for (struct record r; next_record(&at, kept + size, &r);) {
        char *text = (char *)r.bytes; /* the gate has put a NUL behind it */
        bool file = r.type == REC_FILE || r.type == REC_FILE_MORE;
        if (!file && strlen(text) + 1 != r.length) return "a NUL byte inside a value";
        if (r.type == REC_ENV && (*text == '=' || *text == 0)) return "a variable without a name";
        if (r.type == REC_OPTION && !set_option(text, true)) return "unknown option, or a value it does not take";
        if (r.type == REC_FILE) has_files = true;
        if (r.type == REC_CWD) cwd = text;
        if (r.type == REC_ARG) argv[argc++] = text;
        if (r.type == REC_ENV) envc = set_variable(envc, text);
        if (argc == STRINGS - 1 || envc == STRINGS - 2) return "too many arguments or variables";
    }
    if (opt.attempt && snprintf(marker, sizeof marker, "ARGONAUT_ATTEMPT=%s", opt.attempt) < (int)sizeof marker)
        envc = set_variable(envc, marker);
    argv[argc] = envp[envc] = NULL;
    return argc ? NULL : "no program: at least one argument is needed";
}

/* Writes the gate's files below a directory of ours. FILE_MORE continues the file before it: one message is too small
 * for some. The mode is 0400 from the start; the descriptor that made the file may write all the same. */
static bool write_files(const uint8_t *kept, size_t size) {
    int fd = -1, dir = -1;
    made_files = mkdir(opt.files, 0700) == 0;
    if (!made_files || (dir = open(opt.files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) return false;
    const uint8_t *at = kept;
    for (struct record r; next_record(&at, kept + size, &r);) {
        const uint8_t *bytes = r.bytes, *end = bytes + r.length - 1;
        if (r.type != REC_FILE && r.type != REC_FILE_MORE) continue;
        if (r.type == REC_FILE) { /* its name is one path component; openat refuses "", "." and ".." by itself */
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

static void remove_file(int dir, const char *name) { unlinkat(dir, name, 0); }

/* The files live in memory (tmpfs). A container's go with it; a host's are ours to remove. */
void remove_files(void) {
    if (made_files && getpid() != 1 && each_name(opt.files, remove_file)) rmdir(opt.files);
}

/* We are small and hold the result: the program shall be the kernel's choice before us. Only a preference. */
static void offer_to_oom_killer(void) {
    char text[32];
    prctl(PR_SET_DUMPABLE, 1); /* what we are not, by inheritance; it would make the file unwritable */
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || slurp(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof text) <= 0) return;
    int value = atoi(text) + 100;
    if (dprintf(fd, "%d", value > 1000 ? 1000 : value) < 0) return;
    close(fd);
}

/* Everything between fork and exec. No allocation, no return. */
static _Noreturn void become_program(const int out[2], int report) {
    int fd, failure[2] = {0, 0}; /* whether it was exec, errno */
    sigset_t none;
    setsid(); /* a group of its own: signals reach the shell's foreground child at once, and never us */
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(original_umask);
    offer_to_oom_killer();
    if ((fd = open("/dev/null", O_RDONLY)) >= 0) dup2(fd, 0); else close(0);
    dup2(out[0], 1);
    dup2(out[1], 2);
    /* On a host the launcher's descriptors would leak through us; all of ours are CLOEXEC already. */
    if (syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */) < 0)
        for (fd = 3; fd < 4096; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fchdir(original_cwd) == 0 && (!cwd || chdir(cwd) == 0)) {
        failure[0] = 1;
        environ = envp; /* so that execvp looks in the new PATH */
        execvp(argv[0], argv);
    }
    failure[1] = errno;
    _exit(write(report, failure, sizeof failure) < 0);
}

/* Makes the pipes, forks, and waits for exec to have happened or failed: `report` closes at exec. */
static const char *start_program(void) {
    int out[2], report[2], failure[2];
    for (int i = 0; i < (opt.one_stream ? 1 : 2); i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) return "pipe";
        fcntl(ends[0], F_SETFL, O_NONBLOCK); /* size: the default. The kernel counts pipe pages per user */
        fchmod(ends[1], 0622); /* so that `su app -c 'echo x > /dev/stderr'` may open it again */
        pipes[i] = ends[0];
        out[i] = ends[1];
    }
    if (opt.one_stream) out[1] = out[0];
    if (pipe2(report, O_CLOEXEC) < 0) return "pipe";
    result.oom_before = oom_kills();
    result.start_wall = clock_ns(CLOCK_REALTIME);
    result.end_boot = result.start_boot = now_boot();
    program = fork();
    if (program < 0) return "fork";
    if (program == 0) become_program(out, report[1]);
    close(out[0]);
    if (!opt.one_stream) close(out[1]);
    close(report[1]);
    bool failed = read(report[0], failure, sizeof failure) == sizeof failure;
    close(report[0]);
    if (!failed) return NULL;
    wait4(program, NULL, 0, NULL);
    errno = failure[1];
    return failure[0] ? "exec" : "cwd";
}

/* NULL if the program runs; else the stage that failed, with errno, or `refused`: then nothing has happened at all. */
const char *launch(const uint8_t *kept, size_t size, const char **refused) {
    struct options before = opt;
    if ((*refused = read_payload(kept, size))) return opt = before, NULL;
    return has_files && !write_files(kept, size) ? "files" : start_program();
}
