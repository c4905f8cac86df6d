/* The load generator: its own process, one thread, epoll, no allocation for each message, every echoed byte checked.
 *
 *   load echo  PORT CONNECTIONS IN_FLIGHT SIZE [FORM]
 *                                                messages of SIZE bytes, IN_FLIGHT of them unanswered on each connection
 *   load churn PORT PARALLEL SIZE                connect, one line, its echo, close
 *   load bulk  PORT BYTES DIRECTION              transfers of BYTES: up (sink), down (source) or both (echo)
 *   load drip  PORT BYTES PIECE                  lines of BYTES in pieces of PIECE, one after the other's echo
 *   load idle  PORT CONNECTIONS                  opens them and sends one line on each
 *
 * FORM is `line` (the default; SIZE includes the line feed), `length` (four bytes of length, big endian, and SIZE bytes),
 * or `json` (an object of JSON on a line; SIZE includes the line feed).
 *
 * It connects, prints `ready`, and is then driven by lines on stdin until stdin ends:
 *
 *   slice MS   loads the server for MS milliseconds and prints one line of JSON
 *
 * A slice begins and ends with nothing in flight: answers that are in flight at its end are still received, so that the
 * server is idle while others are measured. The report: `count` messages, connections or bytes in `seconds`; `total` of
 * them in the whole slice (for CPU time, which is read before and after it); latencies in microseconds, 0 where none is
 * measured; `errors`, connections of churn that failed. Any other failure (a byte that is not what was sent, a connection
 * that the server ends, ten seconds of silence) ends the process with exit code 1 and one line on stderr. Linux only. */
#include "load.h"

char *incoming;

void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

void wrong(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static uint64_t number(const char *text) { return strtoull(text, NULL, 10); }

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  int idle = strcmp(mode, "idle") == 0, echo = strcmp(mode, "echo") == 0, churn = strcmp(mode, "churn") == 0;
  int bulk = strcmp(mode, "bulk") == 0, drip = strcmp(mode, "drip") == 0;
  int form = echo && argc == 7;
  if (argc != (idle ? 4 : echo ? 6 + form : churn || bulk || drip ? 5 : 0)) {
    fprintf(stderr, "usage: see the head of load.c\n");
    return 2;
  }
  raise_limit();
  messages_init(form ? argv[6] : "line", echo ? number(argv[5]) : churn ? number(argv[4]) : LINE);
  incoming = malloc(BUFFER);
  if (incoming == NULL) fail("malloc");
  connect_init(atoi(argv[2]));
  void (*slice)(uint64_t) = NULL;
  if (echo) echo_open(atoi(argv[3]), number(argv[4])), slice = echo_slice;
  else if (churn) churn_open(atoi(argv[3])), slice = churn_slice;
  else if (bulk) bulk_open(number(argv[3]), argv[4]), slice = bulk_slice;
  else if (drip) drip_open(number(argv[3]), number(argv[4])), slice = drip_slice;
  else idle_open(atoi(argv[3]));
  printf("ready\n");
  fflush(stdout);
  char command[64];
  while (fgets(command, sizeof command, stdin) != NULL) {
    if (slice == NULL || strncmp(command, "slice ", 6) != 0) wrong("an unknown command");
    slice(number(command + 6));
  }
  return 0;
}
