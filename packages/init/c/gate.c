/* The gate: a unix socket, its clients, and what they may say. What a connection sent before `go` belongs to that
 * connection and is dropped with it, so a half-sent payload never runs. */
#include "init.h"
#include <stdio.h> /* snprintf only */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PAYLOAD_CAP (64u << 20) /* bytes kept for one gate, over all its messages */

static struct client {
    int fd;          /* -1: a free place */
    bool watch;
    int64_t epoch;   /* -1: said no hello, so it is no relay */
    uint8_t *kept;   /* records until go: type, length with a NUL, bytes, NUL */
    size_t kept_size;
    struct inbox in;
} clients[CLIENTS];
static int listener;

#define EACH_CLIENT(c) (struct client *c = clients; c < clients + CLIENTS; c++)

void make_gate(void) {
    struct sockaddr_un address = {AF_UNIX, "ctl"};
    for EACH_CLIENT(c) c->fd = c->epoch = -1;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (void *)&address, sizeof address) < 0 || chmod("ctl", 0666) < 0
        || listen(listener, 16) < 0) die(CODE_GATE, "cannot make the gate in", opt.dir);
}

/* Secrets leave our memory as soon as they have been used. */
static void forget_payload(struct client *c) {
    if (!c->kept) return;
    explicit_bzero(c->kept, c->kept_size);
    munmap(c->kept, PAYLOAD_CAP);
    c->kept = NULL;
    c->kept_size = 0;
}

static void drop(struct client *c) {
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = c->epoch = -1;
    c->watch = false;
    explicit_bzero(c->in.bytes, c->in.have);
    c->in.have = 0;
    forget_payload(c);
}

static void answer(struct client *c, int type, const char *text) {
    if (c->fd >= 0 && !send_record(c->fd, type, text, strlen(text))) drop(c);
}

static void dismiss(struct client *c, int type, const char *why) {
    answer(c, type, why);
    drop(c);
}

static void refuse(struct client *c, const char *why) { dismiss(c, REC_ERROR, why); }

static void answer_state(struct client *c) {
    static const char *const names[] = {
        "waiting", "running", "draining", "draining", "held", "lingering", "draining"};
    char text[64];
    snprintf(text, sizeof text, "%s%s", names[phase], retry_due != NEVER ? " log-blocked" : "");
    answer(c, REC_STATE, text);
    if (exit_length) answer(c, REC_EXIT, exit_json);
}

/* Tells every watcher where we are. */
void announce(void) {
    for EACH_CLIENT(c) if (c->watch) answer_state(c);
}

static bool keep(struct client *c, const struct record *r) {
    if (!c->kept) { /* only what is used becomes memory */
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void *room = mmap(NULL, PAYLOAD_CAP, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (room == MAP_FAILED) return false;
        c->kept = room;
    }
    if (r->length + RECORD + 1 > PAYLOAD_CAP - c->kept_size) return false;
    uint8_t *to = c->kept + c->kept_size;
    to[0] = r->type;
    put32(to + 1, r->length + 1);
    memcpy(to + RECORD, r->bytes, r->length);
    to[RECORD + r->length] = 0;
    c->kept_size += RECORD + r->length + 1;
    return true;
}

/* Answered only when the program has started or failed. If the payload is refused, the gate stays for another try. */
static void go(struct client *c) {
    const char *refused = NULL, *failed = launch(c->kept, c->kept_size, &refused);
    int error = errno;
    if (refused) return refuse(c, refused);
    for EACH_CLIENT(each) forget_payload(each);
    if (failed) {
        char text[64];
        snprintf(text, sizeof text, "%s %d", failed, error);
        answer(c, REC_FAILED, text);
        not_started(failed, error);
    } else {
        answer(c, REC_OK, "");
        started();
    }
}

/* The newest epoch speaks; an older one is told so and let go. Kept in memory: a script can delete a file. */
static void hello(struct client *c, int64_t epoch) {
    static int64_t newest = -1;
    if (epoch < newest) return dismiss(c, REC_SUPERSEDED, "");
    newest = c->epoch = epoch;
    for EACH_CLIENT(other) if (other != c && other->epoch >= 0) dismiss(other, REC_SUPERSEDED, "");
}

/* After `go` only what cannot raise rights is obeyed: the script is the same user and can connect. */
static void obey(struct client *c, const struct record *r) {
    char text[32] = "";
    int64_t value;
    if (phase == PARTING) return;
    if (r->length < sizeof text) memcpy(text, r->bytes, r->length);
    bool is_number = parse_number(text, &value);
    switch (r->type) {
    case REC_ENV: case REC_FILE: case REC_FILE_MORE: case REC_ARG: case REC_CWD: case REC_OPTION:
        if (phase == WAITING && !keep(c, r)) refuse(c, "payload too big");
        break;
    case REC_GO:      if (phase == WAITING) go(c); else answer(c, REC_ALREADY, ""); break;
    case REC_STATUS:  c->watch |= strcmp(text, "watch") == 0; answer_state(c); break;
    case REC_CANCEL:  answer(c, REC_OK, ""); stop("control", is_number ? value : opt.grace_ms); break;
    case REC_RELEASE: answer(c, REC_OK, ""); release(); break;
    case REC_HELLO:   if (is_number) hello(c, value); break;
    case REC_PING:    break; /* for the relay between us and the sender */
    default:          refuse(c, "unknown record");
    }
}

static void hear(struct client *c) {
    int length;
    if (!receive(c->fd, &c->in)) return drop(c);
    while ((length = whole_message(&c->in)) >= 0) {
        const uint8_t *at = c->in.bytes + HEADER, *end = at + length;
        for (struct record r; next_record(&at, end, &r);) {
            obey(c, &r);
            if (c->fd < 0) return; /* dropped, and its message with it */
        }
        consume(&c->in);
    }
    if (length == FOREIGN) refuse(c, "not a message of this protocol, or too long");
    if (length == DAMAGED) refuse(c, "damaged message");
}

static void welcome(void) {
    static int oldest;
    struct client *place = NULL;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    for EACH_CLIENT(c) if (!place && c->fd < 0) place = c;
    if (!place) { /* all taken: the oldest place goes, so that nobody can lock the worker out */
        place = &clients[oldest++ % CLIENTS];
        drop(place);
    }
    place->fd = fd;
}

void gate_sources(struct pollfd *fds) {
    fds[0] = (struct pollfd){phase == PARTING ? -1 : listener, POLLIN, 0};
    for (int i = 0; i < CLIENTS; i++) fds[1 + i] = (struct pollfd){clients[i].fd, POLLIN, 0};
}

void gate_ready(const struct pollfd *fds) {
    for (int i = 0; i < CLIENTS; i++) /* one may have been dropped through another just now */
        if (fds[1 + i].revents && clients[i].fd == fds[1 + i].fd) hear(&clients[i]);
    if (fds[0].revents && phase != PARTING) welcome(); /* what was heard just now may have been the end */
}

/* When PID 1 leaves, the kernel kills the relays that `exec` brought in. Tell them that this was all; they hang up when
 * they have delivered it. */
void part_from_relays(void) {
    for EACH_CLIENT(c) {
        if (c->epoch < 0) drop(c);
        else if (c->fd >= 0) shutdown(c->fd, SHUT_WR);
    }
}

bool relays_left(void) {
    for EACH_CLIENT(c) if (c->fd >= 0) return true;
    return false;
}
