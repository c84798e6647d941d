/* Clocks, complaints and small files: the little that we need of a C library's comforts, without malloc or streams. */
#include "init.h"
#include <dirent.h>
#include <stdio.h> /* dprintf and snprintf only */
#include <sys/syscall.h>

int64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * 1000 * MS + t.tv_nsec;
}

/* BOOTTIME goes on while the machine sleeps: a deadline is a promise about the world, not about our CPU. */
int64_t now_boot(void) { return clock_ns(CLOCK_BOOTTIME); }

int64_t after(int64_t ms) { return ms > NEVER / 4 / MS ? NEVER : now_boot() + ms * MS; }

void say(const char *what, const char *name) {
    dprintf(2, "argonaut-init: %s %s: %s\n", what, name, errno ? strerror(errno) : "refused");
}

_Noreturn void die(int code, const char *what, const char *name) {
    say(what, name);
    _exit(code);
}

/* Reads a small file whole, as a string. */
ssize_t slurp(int dir, const char *path, char *text, size_t room) {
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n, have = 0;
    while (have < (ssize_t)room - 1 && (n = read(fd, text + have, room - 1 - have)) > 0) have += n;
    close(fd);
    text[have] = 0;
    return have;
}

/* Visits every name in a directory, in the kernel's order; false if there is no such directory. */
bool each_name(const char *directory, void (*visit)(int dir, const char *name)) {
    static char entries[32768]; /* musl's dirent is the kernel's; opendir would need malloc */
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return false;
    for (long n; (n = syscall(SYS_getdents64, dir, entries, sizeof entries)) > 0;)
        for (struct dirent *e = (void *)entries; (char *)e < entries + n; e = (void *)((char *)e + e->d_reclen))
            visit(dir, e->d_name);
    close(dir);
    return true;
}
