/* Short connections: connect, one line, its echo, close; a number of them in parallel. */
#include "load.h"

#define MOST_ERRORS 1000

typedef struct {
  int fd; /* below 0: none */
  uint64_t since, received;
  int asked;
} Visit;

static Visit *all;
static int parallel;

void churn_open(int count) {
  parallel = count;
  all = calloc((size_t)count, sizeof *all);
  if (all == NULL) fail("calloc");
}

static void visit(Visit *v) {
  *v = (Visit){.since = now()};
  v->fd = dial_begun();
  watch(v->fd, v);
}

/* 1: whole, 0: not yet, -1: it failed. */
static int go_on(Visit *v, uint32_t events) {
  if (events & EPOLLERR) return -1;
  if (!v->asked && events & EPOLLOUT) {
    v->asked = 1;
    if (send(v->fd, messages, size, MSG_NOSIGNAL) != (ssize_t)size) return -1;
  }
  while (v->received < size) {
    ssize_t got = recv(v->fd, incoming, BUFFER, 0);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) return -1;
    check(incoming, (uint64_t)got, v->received);
    v->received += (uint64_t)got;
  }
  if (v->received > size) wrong("more came back than was sent");
  return 1;
}

void churn_slice(uint64_t ms) {
  struct epoll_event events[MOST_EVENTS];
  Slice s = {0};
  int open = parallel;
  measure_from(&s, now());
  for (int i = 0; i < parallel; i++) visit(&all[i]);
  while (open > 0) {
    int n = next_events(events);
    if (s.counted > 0 && s.end == 0 && now() - s.begin >= ms * 1000000u) s.end = now();
    for (int i = 0; i < n; i++) {
      Visit *v = events[i].data.ptr;
      int state = go_on(v, events[i].events);
      if (state == 0) continue;
      close(v->fd);
      if (state < 0 && ++s.errors >= MOST_ERRORS) wrong("a thousand connections failed");
      if (state > 0) s.total++;
      if (state > 0 && s.end == 0) s.counted++, note(now() - v->since);
      if (s.end == 0) visit(v);
      else open--;
    }
  }
  report(&s);
}
