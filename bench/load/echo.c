/* Messages that are echoed, a number of them in flight on each connection. The connections stay open from slice to slice. */
#include "load.h"

#define TOGETHER 64

typedef struct {
  int fd;
  uint64_t sent, received; /* bytes */
  uint64_t allowed;        /* bytes that may be sent: what is answered, and the messages in flight */
  uint64_t head, tail;     /* of `stamps`: messages sent and not answered */
  uint64_t *stamps;
} Connection;

static Connection *all;
static int count, measuring;
static uint64_t in_flight, room; /* room: of a ring of stamps, a power of two */

void echo_open(int connections, uint64_t window) {
  count = connections, in_flight = window, room = 1;
  while (room < window) room *= 2;
  all = calloc((size_t)count, sizeof *all);
  uint64_t *stamps = calloc((size_t)count * room, sizeof *stamps);
  if (all == NULL || stamps == NULL) fail("calloc");
  /* A few at a time, each with its echo before more are opened: the server has accepted them then, and its queue of connections
   * cannot overflow. */
  for (int from = 0; from < count; from += TOGETHER) {
    int till = from + TOGETHER < count ? from + TOGETHER : count;
    for (int i = from; i < till; i++) {
      all[i].fd = dial_blocking();
      all[i].stamps = stamps + (size_t)i * room;
      send_one(all[i].fd);
    }
    for (int i = from; i < till; i++) {
      receive_one(all[i].fd);
      nonblocking(all[i].fd);
      watch(all[i].fd, &all[i]);
    }
  }
}

static void send_some(Connection *c, uint64_t stamp) {
  while (c->sent < c->allowed) {
    uint64_t left = c->allowed - c->sent;
    ssize_t n = send(c->fd, messages + c->sent % size, left < BUFFER ? left : BUFFER, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) return;
      fail("send");
    }
    c->sent += (uint64_t)n;
    /* A message's time begins when its first byte is sent. */
    for (uint64_t begun = (c->sent + size - 1) / size; c->head < begun;) c->stamps[c->head++ & (room - 1)] = stamp;
  }
}

/* Handles answered messages. */
static uint64_t receive(Connection *c, uint64_t *t) {
  uint64_t before = c->received / size;
  for (;;) {
    ssize_t got = recv(c->fd, incoming, BUFFER, 0);
    if (got < 0) {
      if (errno == EAGAIN) break;
      fail("recv");
    }
    if (got == 0) wrong("the server ended a connection");
    check(incoming, (uint64_t)got, c->received);
    c->received += (uint64_t)got;
    if (c->received > c->sent) wrong("more came back than was sent");
    *t = now();
    for (; c->tail < c->received / size; c->tail++) if (measuring) note(*t - c->stamps[c->tail & (room - 1)]);
    if (got < BUFFER) break;
  }
  return c->received / size - before;
}

void echo_slice(uint64_t ms) {
  struct epoll_event events[MOST_EVENTS];
  Slice s = {0};
  uint64_t lap = (uint64_t)count * in_flight, open = lap, t;
  for (int i = 0; i < count; i++) {
    all[i].allowed += in_flight * size;
    send_some(&all[i], now());
  }
  /* All messages are sent at once at first: the time is measured from when as many have been answered. */
  while (open > 0) {
    int n = next_events(events);
    t = now();
    if (measuring && s.counted > 0 && t - s.begin >= ms * 1000000u) s.end = t, measuring = 0;
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      uint64_t answered = receive(c, &t);
      s.total += answered;
      if (measuring) s.counted += answered;
      if (s.end == 0) c->allowed += answered * size;
      else open -= answered;
      send_some(c, t);
    }
    if (s.begin == 0 && s.total >= lap) measure_from(&s, now()), measuring = 1;
  }
  report(&s);
}
