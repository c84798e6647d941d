/* The life of an attempt, and of a sandbox: one poll loop, no threads. Nothing in it blocks, except fsync and the
 * hand-shake with our own child's exec.
 *
 *   WAITING -> RUNNING -> DRAINING -> CLEARING -> FLUSHING -> (exit written) -> HELD | LINGERING -> PARTING -> gone */
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
static int signal_fd, timer_fd, kill_rounds;
static int64_t phase_due = NEVER, kill_due = NEVER, deadline = NEVER;
static bool stopped; /* by a cancel or a time-out: from then on nobody waits for what is left */

static int64_t earliest(int64_t a, int64_t b) { return a < b ? a : b; }

static void enter(enum phase next, int64_t due) {
    phase = next;
    phase_due = due;
    announce();
}

/* ---------------------------------------------------------------- how anything is ended: TERM, grace, KILL */

/* TERM to the running program's group; after its end, to whatever descends from it. Asked again, the grace may only
 * become shorter. */
static void ask_to_end(int64_t grace_ms) {
    if (kill_due == NEVER && phase == RUNNING) kill(-program, SIGTERM);
    else if (kill_due == NEVER) signal_descendants(SIGTERM);
    kill_due = earliest(kill_due, after(grace_ms));
}

/* KILL to everything once the grace is over, again and again. True when it is given up. */
static bool force_to_end(void) {
    if (kill_due > now_boot()) return false;
    if (phase == RUNNING) {
        result.killed_after_grace = true;
        kill(-program, SIGKILL); /* all at once, whatever forks faster than we can list */
    }
    result.unkilled = signal_descendants(SIGKILL);
    kill_due = after(KILL_EVERY_MS);
    return ++kill_rounds > KILL_ROUNDS;
}

/* ---------------------------------------------------------------- the end */

void leave(void) {
    phase = PARTING;
    phase_due = after(RELAY_MS);
    part_from_relays();
}

static void conclude(void) {
    bool success = exit_code() == 0 && strcmp(result.reason, "exited") == 0;
    write_exit();
    if (opt.linger && !stopped && !no_children) return enter(LINGERING, NEVER);
    if (opt.hold_ms > 0 && !success && !result.by && phase != WAITING) {
        close(open("held", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
        return enter(HELD, after(opt.hold_ms));
    }
    announce(); /* watchers get the exit record */
    leave();
}

/* Ends an attempt whose program never ran. */
static void conclude_unstarted(const char *why, int code) {
    result.reason = why;
    result.own_code = code;
    conclude();
}

/* Cancel (by somebody) and time-out (by NULL), in whatever phase they come. After RUNNING the result is fixed. */
void stop(const char *why, const char *by, int64_t grace_ms) {
    if (!stopped && phase <= RUNNING) result.reason = why, result.by = by;
    stopped = true;
    if (phase == WAITING) conclude_unstarted("cancelled-at-gate", CODE_CANCELLED);
    else if (phase == RUNNING || phase == LINGERING) ask_to_end(grace_ms);
    else if (phase == DRAINING || phase == PARTING) phase_due = now_boot();
    else if (phase == FLUSHING) phase_due = earliest(phase_due, after(opt.drain_ms));
    else if (phase == HELD) leave();
}

/* ---------------------------------------------------------------- from phase to phase */

void started(void) {
    if (opt.deadline_ms) deadline = after(opt.deadline_ms);
    enter(RUNNING, deadline);
}

void not_started(const char *stage, int error) {
    bool exec = strcmp(stage, "exec") == 0 || strcmp(stage, "cwd") == 0;
    result.stage = stage;
    result.error = error;
    enter(FLUSHING, NEVER);
    conclude_unstarted(exec ? "exec-failed" : "setup-failed", exec ? CODE_EXEC : CODE_SETUP);
}

static void while_running(bool due) {
    if (due && !program_ended) {
        phase_due = NEVER;
        stop("timeout", NULL, opt.grace_ms);
    }
    if (!program_ended && force_to_end()) set_program_status(-1);
    if (!program_ended) return;
    kill_due = NEVER;
    kill_rounds = result.unkilled = 0;
    enter(DRAINING, after(opt.drain_ms));
}

/* The drain is over: nothing is left, or what is left has had its time. */
static void after_drain(void) {
    result.stragglers = no_children ? 0 : signal_descendants(0);
    if (result.stragglers == 0 || (opt.linger && !stopped)) return enter(FLUSHING, NEVER);
    result.unkilled = result.stragglers;
    enter(CLEARING, NEVER);
    ask_to_end(CLEARING_GRACE_MS);
}

/* What cannot be killed is given up; PID 1 takes it along when it leaves. */
static void while_clearing(void) {
    if (no_children) result.unkilled = 0;
    if (result.unkilled == 0 || force_to_end()) enter(FLUSHING, NEVER);
}

/* Without space on the disk we wait as long as anybody still wants the result, then give up what is left of the log. */
static void flush_and_conclude(void) {
    if (!flush_log()) {
        if (phase_due == NEVER) phase_due = stopped ? after(opt.drain_ms) : deadline;
        if (phase_due > now_boot()) return;
        abandon_log();
    }
    conclude();
}

static _Noreturn void vanish(void) {
    unlink("held");
    unlink("ctl");
    remove_files();
    _exit(exit_code());
}

/* Goes on until a phase has to wait. */
static void advance(void) {
    enum phase before;
    reap();
    if (retry_due <= now_boot()) store_pending();
    do {
        bool due = phase_due <= now_boot(), quiet = no_children && pipes[0] < 0 && pipes[1] < 0;
        switch (before = phase) {
        case WAITING:   if (due) conclude_unstarted("gate-timeout", CODE_GATE); break;
        case RUNNING:   while_running(due); break;
        case DRAINING:  if (due || quiet) after_drain(); break;
        case CLEARING:  while_clearing(); break;
        case FLUSHING:  flush_and_conclude(); break;
        case HELD:      if (due) leave(); break;
        case LINGERING: force_to_end(); if (no_children) leave(); break;
        case PARTING:   if (due || !relays_left()) vanish();
        }
    } while (phase != before);
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
    if (cancel_name(s)) stop("cancelled", cancel_name(s), opt.grace_ms);
    else if (s == SIGUSR1 && phase == HELD) leave();
    else if ((s == SIGUSR1 || s == SIGUSR2 || s == SIGHUP) && getpid() == 1 && phase == RUNNING) kill(-program, s);
}

/* Sleeps until a signal, the time, or one of the `count` descriptors from fds[2] on. The first two belong to us. */
static void sleep_until(int64_t due, struct pollfd *fds, int count) {
    uint64_t ticks;
    struct itimerspec timer = {0}; /* all zero disarms */
    if (due != NEVER) timer.it_value = (struct timespec){due / (1000 * MS), due % (1000 * MS)};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
    fds[0] = (struct pollfd){signal_fd, POLLIN, 0};
    fds[1] = (struct pollfd){timer_fd, POLLIN, 0};
    poll(fds, 2 + count, -1);
    if (fds[1].revents && read(timer_fd, &ticks, sizeof ticks) < 0) return;
}

_Noreturn void run(void) {
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
    phase_due = after(opt.gate_ms);
    for (;;) {
        struct pollfd fds[2 + LOG_SOURCES + GATE_SOURCES], *log = fds + 2, *gate = log + LOG_SOURCES;
        advance();
        log_sources(log);
        gate_sources(gate);
        sleep_until(earliest(phase_due, earliest(kill_due, retry_due)), fds, LOG_SOURCES + GATE_SOURCES);
        for (int s; (s = next_signal());) on_signal(s);
        log_ready(log);
        gate_ready(gate);
    }
}

_Noreturn void sandbox(void) {
    watch_signals();
    int64_t due = after(opt.deadline_ms ? opt.deadline_ms : opt.gate_ms); /* nothing of ours waits for ever */
    for (;;) {
        struct pollfd fds[2];
        sleep_until(due, fds, 0);
        while (wait4(-1, NULL, WNOHANG, NULL) > 0) {}
        for (int s; (s = next_signal());) if (cancel_name(s)) _exit(0);
        if (due <= now_boot()) _exit(CODE_GATE);
    }
}
