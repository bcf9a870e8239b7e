/*
 * What benchmarks share: CPU seconds of this process, several runs, and their least and median.
 * A benchmark compares in one run, as a ratio, wherever there is something to compare with; it is run
 * by name and asserts nothing about time.
 */
#ifndef RS_BENCH_H
#define RS_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static inline double bench_cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts; prints "what  least … median … ms". Returns the median. */
static inline double bench_report(const char *what, double *seconds, int runs) {
  qsort(seconds, (size_t)runs, sizeof *seconds, bench_compare);
  double median = seconds[runs / 2];
  printf("%-44s least %9.3f ms, median %9.3f ms CPU over %d runs\n", what, seconds[0] * 1e3,
         median * 1e3, runs);
  return median;
}

static inline void bench_report_memory(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("peak memory %ld MiB\n", usage.ru_maxrss / 1024);
}

#endif
