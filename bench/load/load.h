/* Shared by the modes of the load generator: connections, the clock, latencies, and the report of a slice. */
#ifndef LOAD_H
#define LOAD_H
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define MOST_EVENTS 1024
#define SILENCE 10000 /* ms */
#define LINE 64       /* bytes, where no size is given */

/* --- load.c: failures, and received bytes ------------------------------------------------------------------------- */
extern char *incoming;
__attribute__((noreturn)) void fail(const char *what);  /* with errno */
__attribute__((noreturn)) void wrong(const char *what); /* without */

/* --- message.c: sent bytes ---------------------------------------------------------------------------------------- */
extern char *messages; /* one after the other, BUFFER + 2 * SIZE bytes of them */
extern uint64_t size;  /* of a message, with its length or line feed */
void messages_init(const char *form, uint64_t bytes);
/* `length` bytes of a connection's stream of messages, from position `at` on. */
void check(const char *bytes, uint64_t length, uint64_t at);

/* --- measure.c --------------------------------------------------------------------------------------------------- */
uint64_t now(void); /* ns */
/* One slice: `counted` within the measured time, `total` in all of it, from the first byte to the last answer. */
typedef struct {
  uint64_t begin, end, counted, total, errors;
} Slice;
void measure_from(Slice *s, uint64_t t); /* discards earlier counts and latencies */
void note(uint64_t ns);                  /* a latency */
void report(const Slice *s);             /* one line of JSON */

/* --- connect.c --------------------------------------------------------------------------------------------------- */
void connect_init(int port);
void raise_limit(void);
int dial_blocking(void); /* connected; gives up after SILENCE */
int dial_begun(void);    /* non-blocking, the connection is under way */
void nonblocking(int fd);
void send_one(int fd);    /* one message */
void receive_one(int fd); /* its echo; both wait */
void watch(int fd, void *data);
/* At least one event. Ends the process if there is none within SILENCE. */
int next_events(struct epoll_event *events);

/* --- the modes: open connects, slice loads for at least `ms` ------------------------------------------------------- */
void echo_open(int count, uint64_t in_flight);
void echo_slice(uint64_t ms);
void churn_open(int parallel);
void churn_slice(uint64_t ms);
void bulk_open(uint64_t bytes, const char *direction);
void bulk_slice(uint64_t ms);
void drip_open(uint64_t bytes, uint64_t piece);
void drip_slice(uint64_t ms);
void idle_open(int count);

#endif
