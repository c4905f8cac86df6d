/* Connections and their events. The local addresses rotate, 127.0.0.2 to 127.0.0.201, so that ports do not run out, neither
 * with ten thousand connections open, nor with those in TIME_WAIT of a churn. */
#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#define ADDRESSES 200

static struct sockaddr_in to;
static int poller, alone;
static uint32_t dialled;

void connect_init(int port) {
  to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  poller = epoll_create1(EPOLL_CLOEXEC);
  alone = sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

/* For runs with thousands of connections. */
void raise_limit(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
}

static int dial(int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), one = 1;
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + dialled++ % ADDRESSES)};
  if (fd < 0) fail("socket");
  /* The port is chosen when it connects, and need only differ for one address of the server. */
  setsockopt(fd, SOL_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) fail("bind");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
  return fd;
}

int dial_begun(void) { return dial(SOCK_NONBLOCK); }

int dial_blocking(void) {
  int fd = dial(0);
  struct timeval silence = {.tv_sec = SILENCE / 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence);
  return fd;
}

void nonblocking(int fd) { fcntl(fd, F_SETFL, O_NONBLOCK); }

void send_one(int fd) {
  if (send(fd, messages, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
}

void receive_one(int fd) {
  uint64_t got = 0;
  while (got < size) {
    ssize_t n = recv(fd, incoming, BUFFER, 0);
    if (n < 0) fail("recv");
    if (n == 0) wrong("the server ended a connection");
    check(incoming, (uint64_t)n, got);
    got += (uint64_t)n;
  }
}

void watch(int fd, void *data) {
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = data};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) < 0) fail("epoll_ctl");
}

/* A generator with a core of its own polls without sleeping. Waking a sleeping generator would cost the server time in the system call
 * of its write: some microseconds in a virtual machine, and more often for a slower server. This cost does not occur with a client on
 * another machine. */
int next_events(struct epoll_event *events) {
  for (uint64_t since = now();;) {
    int n = epoll_wait(poller, events, MOST_EVENTS, alone ? 0 : SILENCE);
    if (n > 0) return n;
    if (n < 0 && errno != EINTR) fail("epoll_wait");
    if (now() - since >= SILENCE * 1000000ull) wrong("the server was silent for ten seconds");
  }
}
