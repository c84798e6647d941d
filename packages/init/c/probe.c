/* `probe`: ends with 0 when a TCP port of this network namespace's loopback interface takes connections, else with 1.
 * The question that nobody else can answer for an image that holds no program of its own. */
#include "init.h"
#include <netinet/in.h>
#include <sys/socket.h>

static bool answers(const void *address, socklen_t size) {
    int fd = socket(*(const sa_family_t *)address, SOCK_STREAM | SOCK_CLOEXEC, 0); /* -1: a kernel without IPv6 */
    return connect(fd, address, size) == 0; /* on the loopback interface the answer comes at once */
}

_Noreturn void probe(void) {
    struct sockaddr_in four = {AF_INET, htons(opt.port), {htonl(INADDR_LOOPBACK)}, {0}};
    struct sockaddr_in6 six = {AF_INET6, htons(opt.port), 0, IN6ADDR_LOOPBACK_INIT, 0};
    if (opt.port < 1 || opt.port > 65535) die(CODE_USAGE, "probe needs", "port=");
    _exit(!answers(&four, sizeof four) && !answers(&six, sizeof six));
}
