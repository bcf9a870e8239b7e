/* Threads over points: a counter under a lock hands out work, results go to their index. */
#include "rs_runner.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef struct job {
  const rs_experiment *experiment;
  rs_store *store;
  const rs_runner_options *options;
  rs_result *results;
  rs_run_summary *summary;
  rs_diag *diag;
  pthread_mutex_t lock; /* of everything below, the store and the summary */
  size_t next;
  rs_status status;
  struct timespec began;
} job;

typedef struct worker {
  job *job;
  rs_arena *arena; /* of its results; lives as long as the run's arena */
  pthread_t thread;
} worker;

/* The only state that a signal can reach. */
static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number) {
  (void)signal_number;
  stop_requested = 1;
}

/* ---- progress ---- */

static double seconds_since(const struct timespec *began) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - began->tv_sec) + 1e-9 * (double)(now.tv_nsec - began->tv_nsec);
}

static void draw_progress(const job *j) {
  enum { WIDTH = 30 };
  size_t done = j->summary->done;
  size_t total = j->experiment->point_count;
  size_t computed = done - j->summary->from_store;
  double seconds = seconds_since(&j->began);
  double left = computed == 0 ? 0 : seconds / (double)computed * (double)(total - done);
  char bar[WIDTH + 1];
  for (size_t i = 0; i < WIDTH; i++) bar[i] = i < done * WIDTH / total ? '#' : '.';
  bar[WIDTH] = '\0';
  fprintf(stderr, "\r[%s] %zu/%zu points, %.1f/s, %.0f s left ", bar, done, total,
          seconds > 0 ? (double)computed / seconds : 0.0, left);
  if (done == total || stop_requested) fputc('\n', stderr);
  fflush(stderr);
}

/* ---- work ---- */

static bool take_point(job *j, size_t *index) {
  pthread_mutex_lock(&j->lock);
  bool more = j->status == RS_OK && !stop_requested && j->next < j->experiment->point_count;
  if (more) *index = j->next++;
  pthread_mutex_unlock(&j->lock);
  return more;
}

static void finish_point(job *j, size_t index, rs_status status, bool stored, const rs_diag *diag) {
  rs_diag put_diag = {0};
  pthread_mutex_lock(&j->lock);
  if (status == RS_OK && !stored) {
    uint64_t key = rs_point_digest(&j->experiment->points[index]);
    status = rs_store_put(j->store, key, &j->results[index], &put_diag);
    diag = &put_diag;
  }
  if (status == RS_OK) {
    j->summary->done++;
    j->summary->from_store += stored ? 1 : 0;
    j->summary->failed += j->results[index].failed ? 1 : 0;
    if (j->options->progress) draw_progress(j);
  } else if (j->status == RS_OK) {
    j->status = status;
    if (j->diag != NULL) *j->diag = *diag;
  }
  pthread_mutex_unlock(&j->lock);
}

static rs_status find_stored(job *j, rs_arena *arena, size_t index, bool *found, rs_diag *diag) {
  *found = false;
  if (!j->options->resume) return RS_OK;
  uint64_t key = rs_point_digest(&j->experiment->points[index]);
  pthread_mutex_lock(&j->lock);
  rs_status status =
      rs_store_get(j->store, arena, j->experiment->task, key, &j->results[index], found, diag);
  pthread_mutex_unlock(&j->lock);
  return status;
}

static void *work(void *context) {
  worker *w = context;
  job *j = w->job;
  size_t index;
  while (take_point(j, &index)) {
    rs_diag diag = {0};
    bool stored;
    rs_status status = find_stored(j, w->arena, index, &stored, &diag);
    if (status == RS_OK && !stored) {
      status =
          rs_result_compute(w->arena, &j->experiment->points[index], &j->results[index], &diag);
    }
    finish_point(j, index, status, stored, &diag);
  }
  return NULL;
}

/* Results are copied out of the workers' arenas, which end with them. */
static rs_status copy_results(rs_arena *arena, const rs_experiment *experiment, rs_result *results,
                              rs_diag *diag) {
  size_t columns;
  rs_result_columns(experiment->task, &columns);
  for (size_t i = 0; i < experiment->point_count; i++) {
    if (results[i].cells == NULL) continue;
    rs_cell *cells = RS_ARENA_NEW(arena, rs_cell, columns);
    if (cells == NULL) return rs_arena_failed(arena, diag);
    for (size_t k = 0; k < columns; k++) {
      cells[k] = results[i].cells[k];
      if (cells[k].kind == RS_CELL_TEXT) cells[k].text = rs_arena_strdup(arena, cells[k].text);
      if (cells[k].kind == RS_CELL_TEXT && cells[k].text == NULL) {
        return rs_arena_failed(arena, diag);
      }
    }
    results[i].cells = cells;
  }
  return RS_OK;
}

static unsigned thread_count(const rs_runner_options *options, size_t points) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  size_t count = options->threads > 0 ? options->threads : (size_t)RS_MAX(processors, 1);
  return (unsigned)RS_MIN(count, RS_MAX(points, (size_t)1));
}

static void run_workers(job *j, worker *workers, unsigned count) {
  unsigned started = 0;
  for (; started < count; started++) {
    if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) break;
  }
  if (started == 0) work(&workers[0]); /* no threads to be had: the caller's will do */
  for (unsigned i = 0; i < started; i++) pthread_join(workers[i].thread, NULL);
  j->summary->interrupted = stop_requested != 0;
}

rs_status rs_runner_run(rs_arena *arena, const rs_experiment *experiment, rs_store *store,
                        const rs_runner_options *options, rs_result *results,
                        rs_run_summary *summary, rs_diag *diag) {
  job j = {.experiment = experiment,
           .store = store,
           .options = options,
           .results = results,
           .summary = summary,
           .diag = diag,
           .lock = PTHREAD_MUTEX_INITIALIZER};
  unsigned count = thread_count(options, experiment->point_count);
  worker *workers = RS_ARENA_NEW(arena, worker, count);
  if (workers == NULL) return rs_arena_failed(arena, diag);
  *summary = (rs_run_summary){0};
  for (unsigned i = 0; i < count; i++) {
    workers[i] = (worker){.job = &j, .arena = rs_arena_create(0)};
    if (workers[i].arena == NULL) j.status = rs_arena_failed(NULL, diag);
  }
  struct sigaction stop = {.sa_handler = request_stop, .sa_flags = (int)SA_RESETHAND};
  struct sigaction old_int, old_term;
  sigaction(SIGINT, &stop, &old_int);
  sigaction(SIGTERM, &stop, &old_term);
  clock_gettime(CLOCK_MONOTONIC, &j.began);
  if (j.status == RS_OK) run_workers(&j, workers, count);
  sigaction(SIGINT, &old_int, NULL);
  sigaction(SIGTERM, &old_term, NULL);
  if (j.status == RS_OK) j.status = copy_results(arena, experiment, results, diag);
  for (unsigned i = 0; i < count; i++) rs_arena_destroy(workers[i].arena);
  return j.status;
}
