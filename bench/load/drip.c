/* Long lines in small pieces, each after the echo of the one before, on one connection. A server answers a complete line, so a line is
 * sent before any byte is received, and blocking calls suffice. Also connections that only wait. */
#include "load.h"

static int fd;
static uint64_t bytes, piece;
static char *text;

void drip_open(uint64_t length, uint64_t part) {
  size_t most = part > BUFFER ? part : BUFFER;
  bytes = length, piece = part;
  text = malloc(most);
  if (text == NULL) fail("malloc");
  memset(text, 'x', most);
  fd = dial_blocking();
}

static void long_line(void) {
  uint64_t got = 0;
  for (uint64_t sent = 0; sent + 1 < bytes;) {
    uint64_t n = bytes - 1 - sent < piece ? bytes - 1 - sent : piece;
    if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n) fail("send");
    sent += n;
  }
  if (send(fd, "\n", 1, MSG_NOSIGNAL) != 1) fail("send");
  while (got < bytes) {
    ssize_t n = recv(fd, incoming, BUFFER, 0);
    if (n < 0) fail("recv");
    if (n == 0) wrong("the server ended a connection");
    got += (uint64_t)n;
    if (got > bytes) wrong("more came back than was sent");
    if (memcmp(incoming, text, (size_t)n - (got == bytes)) != 0 || (got == bytes && incoming[n - 1] != '\n')) wrong("a wrong byte came back");
  }
}

void drip_slice(uint64_t ms) {
  Slice s = {0};
  measure_from(&s, now());
  do {
    uint64_t since = now();
    long_line();
    note(now() - since);
    s.counted += bytes;
  } while (now() - s.begin < ms * 1000000u);
  s.end = now(), s.total = s.counted;
  report(&s);
}

void idle_open(int count) {
  for (int i = 0; i < count; i++) {
    int connection = dial_blocking();
    send_one(connection);
    receive_one(connection);
  }
}
