/* The messages of a connection: one of the given form, repeated. */
#include "load.h"

#define LENGTH 4 /* bytes, big endian */

char *messages;
uint64_t size;

/* As JSON.stringify writes it: a server that parses it and writes it anew returns the same bytes. */
static const char json_head[] = "{\"id\":4711,\"at\":1764543600000,\"ok\":true,\"text\":\"", json_tail[] = "\"}\n";

static void letters(char *to, uint64_t length) {
  for (uint64_t i = 0; i < length; i++) to[i] = (char)('a' + i % 23);
}

static void line(char *message) {
  letters(message, size - 1);
  message[size - 1] = '\n';
}

static void prefixed(char *message) {
  uint64_t body = size - LENGTH;
  for (int i = 0; i < LENGTH; i++) message[i] = (char)(body >> 8 * (LENGTH - 1 - i));
  letters(message + LENGTH, body);
}

static void json(char *message) {
  uint64_t head = sizeof json_head - 1, tail = sizeof json_tail - 1;
  if (size < head + tail) wrong("a JSON message is longer");
  memcpy(message, json_head, head);
  letters(message + head, size - head - tail);
  memcpy(message + size - tail, json_tail, tail);
}

void messages_init(const char *form, uint64_t bytes) {
  int length = strcmp(form, "length") == 0;
  void (*write)(char *) = length ? prefixed : strcmp(form, "json") == 0 ? json : strcmp(form, "line") == 0 ? line : NULL;
  if (write == NULL) wrong("an unknown form of messages");
  size = length ? bytes + LENGTH : bytes;
  if (size == 0) wrong("a message has at least one byte");
  messages = malloc(BUFFER + 2 * size);
  if (messages == NULL) fail("malloc");
  write(messages);
  for (uint64_t i = size; i < BUFFER + 2 * size; i++) messages[i] = messages[i - size];
}

void check(const char *bytes, uint64_t length, uint64_t at) {
  while (length > 0) {
    uint64_t phase = at % size, part = length < BUFFER ? length : BUFFER;
    if (memcmp(bytes, messages + phase, part) != 0) {
      fprintf(stderr, "load: a byte near %llu is not what was sent\n", (unsigned long long)at);
      exit(1);
    }
    bytes += part, at += part, length -= part;
  }
}
