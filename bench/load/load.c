/* The load generator: its own process, one thread, epoll, no allocation for each message, every echoed byte checked.
 *
 *   load echo  PORT CONNECTIONS IN_FLIGHT SIZE WARM_MS RUN_MS   lines of SIZE bytes, IN_FLIGHT of them unanswered
 *   load churn PORT PARALLEL SIZE WARM_MS RUN_MS                connect, one line, its echo, close
 *   load bulk  PORT CONNECTIONS BYTES DIRECTION                 up (sink), down (source) or both (echo)
 *   load idle  PORT CONNECTIONS                                 opens them, one line each, holds until stdin ends
 *   load drip  PORT BYTES PIECE TIMES                           lines of BYTES in pieces of PIECE, one after the other's echo
 *
 * Says `warm` and `done` on stderr where the measurement begins and ends, and prints one line of JSON: rate (a second:
 * messages, connections or bytes), seconds, latencies in microseconds. A byte that is not what was sent, a connection that
 * the server ends, or a server that is silent for ten seconds ends it with exit code 1. Linux only (epoll). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define MOST_EVENTS 1024
#define SILENCE 10000 /* ms */

typedef struct {
  int fd;
  uint64_t sent, received;   /* bytes */
  uint64_t allowed;          /* bytes that may be sent: what is answered, and IN_FLIGHT lines more */
  uint32_t head, tail;       /* of `stamps`: lines sent and not answered */
  uint64_t *stamps;
  int writable;
} Connection;

static char *lines, *incoming; /* lines: SIZE-periodic, BUFFER + SIZE bytes long */
static uint64_t size;
static int poller;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void wrong(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

/* Latencies in buckets of less than 1 %, since a goal is 5 %: 128 for each power of two. */
#define FINE 128
#define FINE_BITS 7
static uint64_t buckets[64 * FINE];
static void note(uint64_t ns) {
  int top = ns < FINE ? FINE_BITS : 63 - __builtin_clzll(ns);
  buckets[top * FINE + ((ns >> (top - FINE_BITS)) & (FINE - 1))]++;
}
static double quantile(double q) {
  uint64_t all = 0, seen = 0;
  for (int i = 0; i < 64 * FINE; i++) all += buckets[i];
  for (int i = 0; i < 64 * FINE; i++) {
    seen += buckets[i];
    if (all && (double)seen >= q * (double)all) return (double)((uint64_t)(FINE + i % FINE) << (i / FINE - FINE_BITS)) / 1000.0;
  }
  return 0;
}

/* Between `begin` and `end` this many messages, connections or bytes went through. */
static void report(uint64_t begin, uint64_t end, double count) {
  double seconds = (double)(end - begin) / 1e9;
  if (count == 0) wrong("nothing came back");
  printf("{\"rate\":%.1f,\"seconds\":%.4f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n", count / seconds, seconds, quantile(.5), quantile(.99), quantile(.999));
}

/* The measurement begins after the warm-up, and ends after the run: true then. */
static uint64_t start, begin, counted;
static int over(uint64_t t, uint64_t warm, uint64_t run) {
  if (!begin && t - start >= warm * 1000000u) {
    begin = t, counted = 0;
    memset(buckets, 0, sizeof buckets);
    fprintf(stderr, "warm\n");
  }
  if (!begin || t - begin < run * 1000000u) return 0;
  fprintf(stderr, "done\n");
  report(begin, t, (double)counted);
  return 1;
}

static int dial(int port, int blocking) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0) fail("socket");
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (blocking) {
    struct timeval silence = {.tv_sec = SILENCE / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence);
  } else fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void check(const char *bytes, uint64_t length, uint64_t at) {
  while (length > 0) {
    uint64_t phase = at % size, part = length < BUFFER ? length : BUFFER;
    if (memcmp(bytes, lines + phase, part) != 0) {
      fprintf(stderr, "load: a byte near %llu is not what was sent\n", (unsigned long long)at);
      exit(1);
    }
    bytes += part, at += part, length -= part;
  }
}

static void send_some(Connection *c, uint64_t stamp) {
  while (c->sent < c->allowed) {
    uint64_t phase = c->sent % size, left = c->allowed - c->sent;
    ssize_t n = send(c->fd, lines + phase, left < BUFFER ? left : BUFFER, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) return;
      fail("send");
    }
    if (c->stamps) for (uint64_t line = c->sent / size; line < (c->sent + (uint64_t)n) / size + ((c->sent + (uint64_t)n) % size != 0); line++)
      if (line * size >= c->sent) c->stamps[c->head++ % 65536] = stamp;
    c->sent += (uint64_t)n;
  }
}

/* A generator that has a core to itself asks without pause and never sleeps. One that slept would make the server pay for
 * waking it, in the system call of its write: some microseconds in a virtual machine, and the more often the slower the
 * server is. No server pays that for a client on another machine. */
static int next_events(struct epoll_event *events) {
  int alone = sysconf(_SC_NPROCESSORS_ONLN) > 1;
  for (uint64_t since = now();;) {
    int n = epoll_wait(poller, events, MOST_EVENTS, alone ? 0 : SILENCE);
    if (n > 0) return n;
    if (n < 0 && errno != EINTR) fail("epoll_wait");
    if (now() - since >= SILENCE * 1000000ull) wrong("the server was silent for ten seconds");
  }
}

static void echo(int port, int count, uint64_t in_flight, uint64_t warm, uint64_t run) {
  Connection *all = calloc((size_t)count, sizeof *all);
  struct epoll_event events[MOST_EVENTS];
  for (int i = 0; i < count; i++) {
    all[i].fd = dial(port, 0);
    all[i].allowed = in_flight * size;
    all[i].stamps = calloc(65536, sizeof(uint64_t));
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, all[i].fd, &e);
  }
  start = now();
  for (int i = 0; i < count; i++) send_some(&all[i], start);
  for (;;) {
    int n = next_events(events);
    uint64_t t = now();
    if (over(t, warm, run)) return;
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      for (;;) {
        ssize_t got = recv(c->fd, incoming, BUFFER, 0);
        if (got < 0) { if (errno == EAGAIN) break; fail("recv"); }
        if (got == 0) wrong("the server ended a connection");
        check(incoming, (uint64_t)got, c->received);
        uint64_t before = c->received / size;
        c->received += (uint64_t)got;
        if (c->received > c->sent) wrong("more came back than was sent");
        uint64_t done = c->received / size - before;
        t = now();
        for (uint64_t k = 0; k < done; k++) note(t - c->stamps[c->tail++ % 65536]);
        counted += done;
        c->allowed = (c->received / size + in_flight) * size;
        if (got < BUFFER) break;
      }
      send_some(c, t);
    }
  }
}

static void churn(int port, int parallel, uint64_t warm, uint64_t run) {
  Connection *all = calloc((size_t)parallel, sizeof *all);
  struct epoll_event events[MOST_EVENTS];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  uint64_t opened = 0;
  start = now();
  for (int i = 0; i < parallel; i++) all[i].fd = -1;
  for (;;) {
    for (int i = 0; i < parallel; i++) if (all[i].fd < 0) {
      all[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      all[i].received = 0;
      all[i].stamps = NULL;
      all[i].sent = now();
      /* Other addresses of the loopback, so that ports in TIME_WAIT do not run out. */
      struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(opened++ % 200))};
      int one = 1;
      setsockopt(all[i].fd, SOL_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
      if (bind(all[i].fd, (struct sockaddr *)&from, sizeof from) < 0) fail("bind");
      if (connect(all[i].fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
      all[i].writable = 0;
      struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};
      epoll_ctl(poller, EPOLL_CTL_ADD, all[i].fd, &e);
    }
    int n = next_events(events);
    if (over(now(), warm, run)) return;
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (events[i].events & (EPOLLERR)) { int e = 0; socklen_t l = sizeof e; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l); errno = e; fail("connection"); }
      if (!c->writable && events[i].events & EPOLLOUT) { c->writable = 1; if (send(c->fd, lines, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send"); }
      for (;;) {
        ssize_t got = recv(c->fd, incoming, BUFFER, 0);
        if (got < 0) { if (errno == EAGAIN) break; fail("recv"); }
        if (got > 0) { check(incoming, (uint64_t)got, c->received); c->received += (uint64_t)got; }
        if (c->received >= size || got == 0) {
          if (c->received != size) wrong("an answer was cut");
          note(now() - c->sent), counted++;
          close(c->fd), c->fd = -1;
          break;
        }
      }
    }
  }
}

static void bulk(int port, int count, uint64_t bytes, const char *direction) {
  int up = strcmp(direction, "down") != 0, down = strcmp(direction, "up") != 0, open = count;
  Connection *all = calloc((size_t)count, sizeof *all);
  struct epoll_event events[MOST_EVENTS];
  fprintf(stderr, "warm\n");
  begin = now();
  for (int i = 0; i < count; i++) {
    all[i].fd = dial(port, 0);
    all[i].allowed = up ? bytes : 0;
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, all[i].fd, &e);
    if (!up) shutdown(all[i].fd, SHUT_WR);
  }
  while (open > 0) {
    int n = next_events(events);
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (c->fd < 0) continue;
      if (up && c->sent < bytes) { send_some(c, 0); if (c->sent == bytes) shutdown(c->fd, SHUT_WR); }
      for (;;) {
        ssize_t got = recv(c->fd, incoming, BUFFER, 0);
        if (got < 0) { if (errno == EAGAIN) break; fail("recv"); }
        if (got == 0) {
          if (down && c->received != bytes) { fprintf(stderr, "load: %llu bytes came back\n", (unsigned long long)c->received); exit(1); }
          close(c->fd), c->fd = -1, open--;
          break;
        }
        check(incoming, (uint64_t)got, c->received);
        c->received += (uint64_t)got;
      }
    }
  }
  fprintf(stderr, "done\n");
  report(begin, now(), (double)bytes * count);
}

static void one_line(int fd) {
  uint64_t got = 0;
  if (send(fd, lines, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
  while (got < size) {
    ssize_t n = recv(fd, incoming, BUFFER, 0);
    if (n <= 0) fail("recv");
    check(incoming, (uint64_t)n, got);
    got += (uint64_t)n;
  }
}

static void idle(int port, int count) {
  char end[1];
  int *fds = calloc((size_t)count, sizeof *fds);
  for (int i = 0; i < count; i++) { fds[i] = dial(port, 1); one_line(fds[i]); }
  fprintf(stderr, "warm\n");
  printf("{\"connections\":%d}\n", count);
  fflush(stdout);
  while (read(0, end, 1) > 0);
}

/* Blocking: a server answers a line when it has all of it, so all of it is sent before anything is received. */
static void long_line(int fd, const char *x, uint64_t bytes, uint64_t piece) {
  uint64_t got = 0;
  for (uint64_t sent = 0; sent + 1 < bytes;) {
    uint64_t n = bytes - 1 - sent < piece ? bytes - 1 - sent : piece;
    if (send(fd, x, n, MSG_NOSIGNAL) != (ssize_t)n) fail("send");
    sent += n;
  }
  if (send(fd, "\n", 1, MSG_NOSIGNAL) != 1) fail("send");
  while (got < bytes) {
    ssize_t n = recv(fd, incoming, BUFFER, 0);
    if (n <= 0) fail("recv");
    got += (uint64_t)n;
    if (got > bytes) wrong("more came back than was sent");
    if (memcmp(incoming, x, (size_t)n - (got == bytes)) != 0 || (got == bytes && incoming[n - 1] != '\n')) wrong("a wrong byte came back");
  }
}

/* Some lines of a quarter of a MiB come first, so that the server's code is compiled. */
static void drip(int port, uint64_t bytes, uint64_t piece, uint64_t times) {
  int fd = dial(port, 1);
  size_t most = piece > BUFFER ? piece : BUFFER;
  char *x = malloc(most);
  memset(x, 'x', most);
  for (int i = 0; i < 16; i++) long_line(fd, x, BUFFER / 4, piece);
  fprintf(stderr, "warm\n");
  begin = now();
  for (uint64_t line = 0; line < times; line++) {
    uint64_t since = now();
    long_line(fd, x, bytes, piece);
    note(now() - since);
  }
  fprintf(stderr, "done\n");
  report(begin, now(), (double)bytes * (double)times);
}

/* What a run with thousands of connections needs. */
static void raise_limit(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  int needed = strcmp(mode, "echo") == 0 ? 8 : strcmp(mode, "churn") == 0 ? 7 : strcmp(mode, "idle") == 0 ? 4 : 6;
  if (argc != needed) { fprintf(stderr, "usage: see the head of load.c\n"); return 2; }
  raise_limit();
  int port = atoi(argv[2]), count = atoi(argv[3]);
  size = strcmp(mode, "echo") == 0 ? strtoull(argv[5], NULL, 10) : strcmp(mode, "churn") == 0 ? strtoull(argv[4], NULL, 10) : 64;
  lines = malloc(BUFFER + 2 * size);
  incoming = malloc(BUFFER);
  for (uint64_t i = 0; i < BUFFER + 2 * size; i++) lines[i] = i % size == size - 1 ? '\n' : (char)('a' + i % size % 23);
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (strcmp(mode, "echo") == 0) echo(port, count, strtoull(argv[4], NULL, 10), strtoull(argv[6], NULL, 10), strtoull(argv[7], NULL, 10));
  else if (strcmp(mode, "churn") == 0) churn(port, count, strtoull(argv[5], NULL, 10), strtoull(argv[6], NULL, 10));
  else if (strcmp(mode, "bulk") == 0) bulk(port, count, strtoull(argv[4], NULL, 10), argv[5]);
  else if (strcmp(mode, "idle") == 0) idle(port, count);
  else if (strcmp(mode, "drip") == 0) drip(port, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
  else return 2;
  return 0;
}
