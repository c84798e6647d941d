/*
 * argonaut-init: the one process between a worker and a step.
 *
 *   argonaut-init run      [option ...]   guard, gate, program, log, exit record   (PID 1, or a host's subreaper)
 *   argonaut-init sandbox  deadline-ms=N  only waits: PID 1 of a pooled network sandbox
 *   argonaut-init ctl      [option ...]   relay through `exec`: stdin -> gate, log -> stdout, answers -> stderr
 *   argonaut-init read     [option ...]   prints one file of the attempt directory from an offset
 *   argonaut-init probe    port=N         does a TCP port of this network namespace's loopback take connections?
 *   argonaut-init version
 *
 * Read on with attempt.c (the life of an attempt), gate.c (who may say what), launch.c (the program), processes.c,
 * log.c and record.c; relay.c and probe.c are verbs of their own; wire.c and system.c are what all of them stand on.
 * The protocol, the record and the codes are tabulated in ../README.md.
 *
 * Rules that every change must keep:
 *   - `mkdir started` is the first act. Whoever finds it already there ends with 250 and touches nothing.
 *   - Nothing is acted on before a whole message has arrived and its CRC agrees.
 *   - `exit` is written last, once: nobody has to wait for anything after it.
 *   - We never call kill(-1), and as PID 1 we are in no process group of the script.
 *   - No malloc, no streams, no threads; every failure before the program runs has an exit code of its own.
 */
#include "init.h"
#include <stdlib.h>

struct options opt = {
    .dir = "/argonaut", .files = "/run/argonaut/files", .file = "log",
    .gate_ms = 3600000, .grace_ms = 5000, .drain_ms = 2000, .idle_ms = 60000, .to = INT64_MAX,
};

bool parse_number(const char *text, int64_t *value) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return *end == 0 && errno == 0;
}

/* One `key=value`, from the command line or, if it is `late`, from the gate. Texts are kept by reference, and come from
 * the command line only: paths are fixed when a container is made. */
bool set_option(const char *text, bool late) {
    static const struct option {
        const char *key;
        bool late, *choice;
        int64_t *number;
        const char **text, *no, *yes;
    } known[] = {
        {"deadline-ms=", true, .number = &opt.deadline_ms},
        {"grace-ms=", true, .number = &opt.grace_ms},
        {"drain-ms=", true, .number = &opt.drain_ms},
        {"hold-ms=", true, .number = &opt.hold_ms},
        {"hold-on=", true, .choice = &opt.hold_on_errors, .no = "failure", .yes = "errors"},
        {"streams=", true, .choice = &opt.one_stream, .no = "two", .yes = "one"},
        {"linger=", true, .choice = &opt.linger, .no = "no", .yes = "yes"},
        {"dir=", .text = &opt.dir}, {"files=", .text = &opt.files}, {"attempt=", .text = &opt.attempt},
        {"gate-ms=", .number = &opt.gate_ms}, {"file=", .text = &opt.file}, {"from=", .number = &opt.from},
        {"to=", .number = &opt.to}, {"epoch=", .number = &opt.epoch}, {"idle-ms=", .number = &opt.idle_ms},
        {"port=", .number = &opt.port},
    };
    for (const struct option *o = known; o < known + sizeof known / sizeof *known; o++) {
        size_t key = strlen(o->key);
        const char *value = text + key;
        if (strncmp(text, o->key, key) != 0 || (late && !o->late)) continue;
        if (o->number) return parse_number(value, o->number);
        if (o->choice) return (*o->choice = strcmp(value, o->yes) == 0) || strcmp(value, o->no) == 0;
        return *o->text = value, true;
    }
    return false;
}

int main(int argc, char **argv) {
    static const char version[] = "argonaut-init 1\n";
    const char *verb = argc > 1 ? argv[1] : "";
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd < 3) {} /* a launcher may have closed 0, 1 or 2 */
    if (fd >= 3) close(fd);
    errno = 0;
    for (int i = 2; i < argc; i++)
        if (!set_option(argv[i], false)) die(CODE_USAGE, "unknown option", argv[i]);
    if (strcmp(verb, "run") == 0) run();
    if (strcmp(verb, "sandbox") == 0) sandbox();
    if (strcmp(verb, "ctl") == 0) relay();
    if (strcmp(verb, "read") == 0) read_file();
    if (strcmp(verb, "probe") == 0) probe();
    if (strcmp(verb, "version") == 0) return write(1, version, sizeof version - 1) < 0;
    errno = 0;
    die(CODE_USAGE, "usage: run | sandbox | ctl | read | probe | version, not", verb);
}
