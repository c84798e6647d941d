/* Everything that the program started: reaped here, found here, signalled here. Outside PID 1 we are a child subreaper,
 * so that in both cases an orphan becomes our child, and wait4() answering ECHILD proves that nothing is left. */
#include "init.h"
#include <stdio.h> /* snprintf only */
#include <stdlib.h>
#include <sys/wait.h>

#define PROCESSES 65536

pid_t program = -1;
bool program_ended, no_children;

/* The result is fixed at this instant, whatever the program's children still do. */
void set_program_status(int status) {
    program_ended = true;
    result.status = status;
    result.end_boot = now_boot();
}

void reap(void) {
    int status;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, NULL)) > 0) {
        if (pid == program && !program_ended) set_program_status(status);
        else result.orphans++;
    }
    no_children = pid < 0 && errno == ECHILD;
}

static struct process { pid_t pid, parent; bool alive; } table[PROCESSES]; /* ascending, as /proc gives them */
static int processes;

static void list(int proc, const char *name) {
    char path[300], stat[512], *after_name;
    if (*name < '1' || *name > '9' || processes == PROCESSES) return;
    snprintf(path, sizeof path, "%s/stat", name);
    if (slurp(proc, path, stat, sizeof stat) < 0 || !(after_name = strrchr(stat, ')'))) return;
    table[processes++] = (struct process){
        .pid = atoi(name), .parent = atoi(after_name + 4), .alive = after_name[2] != 'Z' && after_name[2] != 'X'};
}

static int by_pid(const void *a, const void *b) {
    return ((const struct process *)a)->pid - ((const struct process *)b)->pid;
}

/* Whether the chain of parents leads to us. What `exec` brings into a container has parent 0 and is not ours. */
static bool is_ours(const struct process *p) {
    for (int depth = 0; p && depth < processes; depth++) {
        if (p->parent == getpid()) return true;
        p = bsearch(&(struct process){.pid = p->parent}, table, processes, sizeof *table, by_pid);
    }
    return false;
}

/* Signals all our descendants and returns how many of them live; signal 0 only counts. Never kill(-1): on a host that
 * is everybody. Without a /proc the program's group is all we know. */
int signal_descendants(int signal) {
    int living = 0;
    processes = 0;
    if (!each_name("/proc", list) || processes == 0) return kill(-program, signal) == 0 || !no_children;
    for (struct process *p = table; p < table + processes; p++)
        if (is_ours(p)) {
            living += p->alive;
            kill(p->pid, signal); /* also a zombie: it may be a leader whose threads live on */
        }
    return living;
}

/* The kernel's count of OOM kills in our cgroup, or -1. In a container the cgroup is mounted as the root; on a host
 * (and for v1 in its own hierarchy) its path is in /proc/self/cgroup. */
int64_t oom_kills(void) {
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
