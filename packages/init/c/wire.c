/* The framed protocol, for the gate and for the relay. Nothing is believed before a whole message has arrived, its CRC
 * agrees and every record lies inside it. */
#include "init.h"
#include <sys/socket.h>

static uint32_t get32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }

void put32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = v >> 8 * i;
}

static uint32_t crc32(const uint8_t *p, size_t n) {
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
    }
    return ~crc;
}

/* Takes one record from *at. False at the end, and if what is left is no whole record: *at stays before the end. */
bool next_record(const uint8_t **at, const uint8_t *end, struct record *r) {
    if (end - *at < RECORD || get32(*at + 1) > end - *at - RECORD) return false;
    *r = (struct record){**at, get32(*at + 1), *at + RECORD};
    *at = r->bytes + r->length;
    return true;
}

/* Takes what has arrived; false when the other side is gone. */
bool receive(int fd, struct inbox *in) {
    ssize_t n = recv(fd, in->bytes + in->have, sizeof in->bytes - in->have, MSG_DONTWAIT);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    in->have += n;
    return true;
}

/* Length of the records of the message in front, or why there is none. */
int whole_message(const struct inbox *in) {
    if (in->have < HEADER) return INCOMPLETE;
    uint32_t length = get32(in->bytes + 4);
    if (memcmp(in->bytes, "ARG1", 4) != 0 || length > MESSAGE_CAP) return FOREIGN;
    if (in->have < HEADER + length) return INCOMPLETE;
    const uint8_t *at = in->bytes + HEADER, *end = at + length;
    if (crc32(at, length) != get32(in->bytes + 8)) return DAMAGED;
    for (struct record r; next_record(&at, end, &r);) {}
    return at == end ? (int)length : DAMAGED;
}

/* Forgets the message in front: it may have carried secrets. */
void consume(struct inbox *in) {
    size_t whole = HEADER + get32(in->bytes + 4);
    in->have -= whole;
    memmove(in->bytes, in->bytes + whole, in->have);
    explicit_bzero(in->bytes + in->have, whole);
}

/* A message of one record. False if it could not be sent at once and whole: we wait for nobody. */
bool send_record(int fd, int type, const void *bytes, size_t length) {
    uint8_t message[HEADER + RECORD + EXIT_ROOM] = "ARG1", *record = message + HEADER;
    ssize_t whole = HEADER + RECORD + length;
    record[0] = type;
    put32(record + 1, length);
    memcpy(record + RECORD, bytes, length);
    put32(message + 4, RECORD + length);
    put32(message + 8, crc32(record, RECORD + length));
    return send(fd, message, whole, MSG_DONTWAIT | MSG_NOSIGNAL) == whole;
}
