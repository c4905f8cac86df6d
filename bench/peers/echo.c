/* C, epoll, one thread: every line is searched, its bytes are copied into an answer, and the answers to one read are sent in one
 * write. A peer that does not read is not read from. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ (64 * 1024)
#define MOST_EVENTS 512

typedef struct {
  int fd;
  char *begun; /* a line whose end has not come */
  size_t length, room;
  char *unsent; /* answers that the system had no room for */
  size_t from, to;
} Connection;

static char in[READ];

static void grow(Connection *c, size_t needed) {
  if (needed <= c->room) return;
  c->room = needed * 2;
  c->begun = realloc(c->begun, c->room);
}

static void drop(Connection *c) {
  close(c->fd);
  free(c->begun), free(c->unsent), free(c);
}

/* 1: all bytes are sent; 0: a part waits; -1: the connection is lost. */
static int send_all(Connection *c, const char *bytes, size_t length) {
  size_t sent = 0;
  while (sent < length) {
    ssize_t n = send(c->fd, bytes + sent, length - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return -1;
    if (n < 0) {
      c->unsent = malloc(length - sent);
      memcpy(c->unsent, bytes + sent, length - sent);
      c->from = 0, c->to = length - sent;
      return 0;
    }
    sent += (size_t)n;
  }
  return 1;
}

/* Appends every line of the received bytes to the answers. The rest is an incomplete line. */
static int answer(Connection *c, size_t got) {
  static char out[READ];
  size_t at = 0, start = 0;
  for (char *end; (end = memchr(in + start, '\n', got - start)) != NULL;) {
    size_t length = (size_t)(end + 1 - in) - start;
    if (c->length > 0) {
      grow(c, c->length + length);
      memcpy(c->begun + c->length, in + start, length);
      int state = send_all(c, c->begun, c->length + length);
      c->length = 0;
      if (state < 0) return -1;
      start += length;
      if (state > 0) continue;
      /* Rare: the rest of the received bytes waits. */
      size_t rest = got - start;
      c->unsent = realloc(c->unsent, c->to + rest);
      char *last = memrchr(in + start, '\n', rest);
      size_t whole = last == NULL ? 0 : (size_t)(last + 1 - in) - start;
      memcpy(c->unsent + c->to, in + start, whole);
      c->to += whole, start += whole;
      break;
    }
    memcpy(out + at, in + start, length);
    at += length, start += length;
  }
  if (at > 0) {
    if (c->unsent != NULL) abort();
    if (send_all(c, out, at) < 0) return -1;
  }
  grow(c, c->length + got - start);
  memcpy(c->begun + c->length, in + start, got - start);
  c->length += got - start;
  return 0;
}

static int serve(Connection *c, unsigned events) {
  if (c->unsent != NULL) {
    if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) return 0;
    char *waiting = c->unsent;
    c->unsent = NULL;
    int state = send_all(c, waiting + c->from, c->to - c->from);
    free(waiting);
    if (state <= 0) return state;
  }
  for (;;) {
    ssize_t got = recv(c->fd, in, READ, 0);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0 || answer(c, (size_t)got) < 0) return -1;
    /* A short read has emptied the socket, unless the peer's end follows, which is not reported again. */
    if (c->unsent != NULL || (got < READ && !(events & EPOLLRDHUP))) return 0;
  }
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), poller = epoll_create1(EPOLL_CLOEXEC), one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGUSR2, SIG_IGN);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 511) < 0) return perror("listen"), 1;
  getsockname(listener, (struct sockaddr *)&at, &length);
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, events[MOST_EVENTS];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    int n = epoll_wait(poller, events, MOST_EVENTS, -1);
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (c != NULL) {
        if (serve(c, events[i].events) < 0) drop(c);
        continue;
      }
      for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c = calloc(1, sizeof *c);
        c->fd = fd;
        struct epoll_event add = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &add);
      }
    }
  }
}
