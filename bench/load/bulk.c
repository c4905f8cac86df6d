/* Transfers of a number of bytes, one after another on a new connection each: up (the server discards them), down (the server sends
 * them), or both ways. A transfer has ended when the server has ended its side, which it does after the last byte. */
#include "load.h"

static uint64_t bytes;
static int up, down;

void bulk_open(uint64_t each, const char *direction) {
  bytes = each;
  up = strcmp(direction, "down") != 0;
  down = strcmp(direction, "up") != 0;
}

static void transfer(void) {
  struct epoll_event events[MOST_EVENTS];
  uint64_t sent = 0, received = 0;
  int fd = dial_blocking();
  nonblocking(fd);
  watch(fd, NULL);
  if (!up) shutdown(fd, SHUT_WR);
  for (;;) {
    next_events(events);
    while (up && sent < bytes) {
      uint64_t left = bytes - sent;
      ssize_t n = send(fd, messages + sent % size, left < BUFFER ? left : BUFFER, MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) break;
      if (n < 0) fail("send");
      sent += (uint64_t)n;
      if (sent == bytes) shutdown(fd, SHUT_WR);
    }
    for (;;) {
      ssize_t got = recv(fd, incoming, BUFFER, 0);
      if (got < 0 && errno == EAGAIN) break;
      if (got < 0) fail("recv");
      if (got == 0) {
        if (received != (down ? bytes : 0) || (up && sent != bytes)) wrong("a transfer was cut");
        close(fd);
        return;
      }
      check(incoming, (uint64_t)got, received);
      received += (uint64_t)got;
    }
  }
}

void bulk_slice(uint64_t ms) {
  Slice s = {0};
  measure_from(&s, now());
  do {
    transfer();
    s.counted += bytes;
  } while (now() - s.begin < ms * 1000000u);
  s.end = now(), s.total = s.counted;
  report(&s);
}
