/* The clock, latencies, and the report of a slice. */
#include "load.h"
#include <time.h>

uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Latencies in buckets of less than 1 %, since a goal is 5 %: 128 for each power of two. */
#define FINE 128
#define FINE_BITS 7
static uint64_t buckets[64 * FINE];

void note(uint64_t ns) {
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

void measure_from(Slice *s, uint64_t t) {
  s->begin = t, s->counted = 0;
  memset(buckets, 0, sizeof buckets);
}

void report(const Slice *s) {
  double seconds = (double)(s->end - s->begin) / 1e9;
  if (s->counted == 0) wrong("nothing came back");
  printf("{\"count\":%llu,\"seconds\":%.6f,\"total\":%llu,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"errors\":%llu}\n",
         (unsigned long long)s->counted, seconds, (unsigned long long)s->total, quantile(.5), quantile(.99), quantile(.999),
         (unsigned long long)s->errors);
  fflush(stdout);
}
