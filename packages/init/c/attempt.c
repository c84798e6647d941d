/* The life of an attempt, told from its beginning to its end by run(), and that of a sandbox. Whatever is waited for, it
 * is in one poll loop, pump(); no threads. Nothing in it blocks, except fsync and the hand-shake with our own child's exec.
 *
 *   WAITING -> RUNNING -> DRAINING -> FLUSHING -> (exit written) -> HELD | LINGERING -> PARTING -> gone */
#include "init.h"
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#define CLEARING_GRACE_MS 1000 /* between TERM and KILL for what the program left behind */
#define KILL_EVERY_MS 100
#define KILL_ROUNDS 50   /* then it is given up: another user's process, or one stuck in the kernel */
#define RELAY_MS 10000   /* how long relays may still deliver after the end */

enum phase phase = WAITING;
static int signal_fd, timer_fd;
static int64_t phase_due = NEVER, kill_due = NEVER, deadline = NEVER;
static bool stopped; /* by a cancel or a time-out: from then on nobody waits for what is left */

static int64_t earliest(int64_t a, int64_t b) { return a < b ? a : b; }

static bool due(void) { return phase_due <= now_boot(); }

static void enter(enum phase next, int64_t next_due) {
    phase = next;
    phase_due = next_due;
    announce();
}

/* ---------------------------------------------------------------- what the gate and signals may change */

/* TERM to the running program's group; after its end, to whatever descends from it. Asked again, the grace may only
 * become shorter. */
static void ask_to_end(int64_t grace_ms) {
    if (kill_due == NEVER && phase == RUNNING) kill(-program, SIGTERM);
    else if (kill_due == NEVER) signal_descendants(SIGTERM);
    kill_due = earliest(kill_due, after(grace_ms));
}

static void never_ran(const char *reason, int code) {
    result.reason = reason;
    result.own_code = code;
    phase = FLUSHING;
}

/* Cancel (by somebody) and time-out (by NULL), in whatever phase they come. After RUNNING the result is fixed. */
void stop(const char *by, int64_t grace_ms) {
    if (!stopped && phase <= RUNNING) result.reason = by ? "cancelled" : "timeout", result.by = by;
    stopped = true;
    if (phase == RUNNING || phase == LINGERING) return ask_to_end(grace_ms);
    phase_due = phase == FLUSHING ? earliest(phase_due, after(opt.drain_ms)) : now_boot();
    if (phase == WAITING) {
        never_ran("cancelled-at-gate", CODE_CANCELLED);
        phase = PARTING; /* nobody is obeyed any more */
    }
}

void release(void) {
    if (phase == HELD) phase_due = now_boot();
}

void started(void) {
    if (opt.deadline_ms) deadline = after(opt.deadline_ms);
    enter(RUNNING, deadline);
}

void not_started(const char *stage, int error) {
    bool exec = strcmp(stage, "exec") == 0 || strcmp(stage, "cwd") == 0;
    result.stage = stage;
    result.error = error;
    never_ran(exec ? "exec-failed" : "setup-failed", exec ? CODE_EXEC : CODE_SETUP);
}

/* ---------------------------------------------------------------- what wakes us */

static void watch_signals(void) {
    sigset_t all;
    sigfillset(&all); /* blocked, not ignored: a blocked signal reaches PID 1's signalfd */
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGCHLD, SIG_DFL); /* a launcher that ignores SIGCHLD would make wait4 lose the code */
    signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (signal_fd < 0 || timer_fd < 0) die(CODE_SETUP, "no", "signalfd or timerfd");
}

static int next_signal(void) {
    struct signalfd_siginfo info;
    return read(signal_fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

/* The signals that mean cancel, by their names in the record; NULL for any other. */
static const char *cancel_name(int s) {
    return s == SIGTERM ? "SIGTERM" : s == SIGINT ? "SIGINT" : s == SIGQUIT ? "SIGQUIT" : NULL;
}

/* USR1 lifts a hold: a script can remove the socket, never the signal. Else USR1, USR2 and HUP are for the script, and
 * swallowed on a host, where a closing terminal must not end a deployment. */
static void on_signal(int s) {
    if (cancel_name(s)) stop(cancel_name(s), opt.grace_ms);
    else if (s == SIGUSR1 && phase == HELD) release();
    else if ((s == SIGUSR1 || s == SIGUSR2 || s == SIGHUP) && getpid() == 1 && phase == RUNNING) kill(-program, s);
}

/* Sleeps until a signal, the time, or one of the `count` descriptors from fds[2] on. The first two belong to us. */
static void sleep_until(int64_t time, struct pollfd *fds, int count) {
    struct itimerspec timer = {0}; /* all zero disarms; to set it again also forgets that it has run out */
    if (time != NEVER) timer.it_value = (struct timespec){time / (1000 * MS), time % (1000 * MS)};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
    fds[0] = (struct pollfd){signal_fd, POLLIN, 0};
    fds[1] = (struct pollfd){timer_fd, POLLIN, 0};
    poll(fds, 2 + count, -1);
}

/* Sleeps until something happens or is due, and sees to it. */
static void pump(void) {
    struct pollfd fds[2 + LOG_SOURCES + GATE_SOURCES], *log = fds + 2, *gate = log + LOG_SOURCES;
    log_sources(log);
    gate_sources(gate);
    sleep_until(earliest(phase_due, earliest(kill_due, retry_due)), fds, LOG_SOURCES + GATE_SOURCES);
    for (int s; (s = next_signal());) on_signal(s);
    log_ready(log);
    gate_ready(gate);
    reap();
    if (retry_due <= now_boot()) store_pending();
}

/* ---------------------------------------------------------------- the life of an attempt */

static void prepare(void) {
    prctl(PR_SET_DUMPABLE, 0); /* the script is the same user: it must not read our memory or environment */
    original_cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* Short names from here on: a socket's path may hold 107 bytes, a directory's far more. */
    if (chdir(opt.dir) < 0) die(CODE_DIRECTORY, "cannot enter", opt.dir);
    original_umask = umask(0);
    if (mkdir("started", 0777) < 0)
        die(errno == EEXIST ? CODE_ALREADY : CODE_DIRECTORY, "cannot make started in", opt.dir);
    watch_signals();
    if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) say("cannot adopt orphans in", opt.dir);
    open_log();
    reserve_exit();
    make_gate();
}

/* Waits for the end of the program, or of all that is left of it. Once a grace is over, everything is killed again and
 * again. False if that is given up; PID 1 takes along what cannot be killed when it leaves. */
static bool see_the_end(const bool *ended) {
    for (int rounds = 0; !*ended && rounds < KILL_ROUNDS; pump()) {
        if (due()) {
            phase_due = NEVER;
            if (phase == RUNNING) stop(NULL, opt.grace_ms);
        }
        if (kill_due > now_boot()) continue;
        if (phase == RUNNING) {
            result.killed_after_grace = true;
            kill(-program, SIGKILL); /* all at once, whatever forks faster than we can list */
        }
        result.unkilled = signal_descendants(SIGKILL);
        kill_due = after(KILL_EVERY_MS);
        rounds++;
    }
    kill_due = NEVER;
    if (*ended) result.unkilled = 0;
    return *ended;
}

/* What the program left behind may still print; what is left after that is ended, unless it may linger. */
static void drain(void) {
    result.unkilled = 0;
    enter(DRAINING, after(opt.drain_ms));
    while (!due() && !(no_children && pipes[0] < 0 && pipes[1] < 0)) pump();
    result.stragglers = no_children ? 0 : signal_descendants(0);
    if (result.stragglers == 0 || (opt.linger && !stopped)) return;
    ask_to_end(CLEARING_GRACE_MS);
    see_the_end(&no_children);
}

/* Without space on the disk we wait as long as anybody still wants the result, then give up what is left of the log. */
static void flush(void) {
    enter(FLUSHING, stopped ? after(opt.drain_ms) : deadline);
    while (!flush_log()) {
        if (due()) return abandon_log();
        pump();
    }
}

/* What somebody may want to look into. Bytes on stderr may count as a failure; whether they do is for others to judge. */
static bool may_have_failed(void) {
    if (exit_code() != 0 || strcmp(result.reason, "exited") != 0) return true;
    return opt.hold_on_errors && result.wrote_errors;
}

_Noreturn void run(void) {
    prepare();
    phase_due = after(opt.gate_ms);
    while (phase == WAITING && !due()) pump();
    if (phase == WAITING) never_ran("gate-timeout", CODE_GATE);
    if (phase == RUNNING) {
        if (!see_the_end(&program_ended)) set_program_status(-1);
        drain();
    }
    flush();
    write_exit();
    if (opt.linger && !stopped && !no_children) {
        enter(LINGERING, NEVER);
        see_the_end(&no_children);
    } else if (opt.hold_ms > 0 && !result.by && may_have_failed()) {
        close(open("held", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
        enter(HELD, after(opt.hold_ms));
        while (!due()) pump();
    } else announce(); /* watchers get the exit record */
    phase = PARTING;
    phase_due = after(RELAY_MS);
    part_from_relays();
    while (relays_left() && !due()) pump();
    unlink("held");
    unlink("ctl");
    remove_files();
    _exit(exit_code());
}

_Noreturn void sandbox(void) {
    watch_signals();
    int64_t end = after(opt.deadline_ms ? opt.deadline_ms : opt.gate_ms); /* nothing of ours waits for ever */
    for (;;) {
        struct pollfd fds[2];
        sleep_until(end, fds, 0);
        while (wait4(-1, NULL, WNOHANG, NULL) > 0) {}
        for (int s; (s = next_signal());) if (cancel_name(s)) _exit(0);
        if (end <= now_boot()) _exit(CODE_GATE);
    }
}
