/* Threads and ranks over points: a counter under a lock hands out work, results go to their index. */
#include "rs_runner.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rs_ranks.h"

typedef struct job {
  rs_arena *arena; /* of the results; under the lock, like what follows `lock` */
  const rs_experiment *experiment;
  rs_store *store;
  const rs_runner_options *options;
  rs_result *results;
  rs_run_summary *summary;
  rs_diag *diag;
  pthread_mutex_t lock; /* of everything below, the store and the summary */
  size_t next;
  size_t together; /* points in a row that share a step, which one worker takes */
  rs_status status;
  struct timespec began;
} job;

/* Points that were taken together. */
typedef struct range {
  size_t next, end;
} range;

typedef struct worker {
  job *job;
  rs_arena *arena; /* of the result that it works on */
  rs_result_memory *memory;
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
  char bar[WIDTH + 1];
  for (size_t i = 0; i < WIDTH; i++) bar[i] = i < done * WIDTH / total ? '#' : '.';
  bar[WIDTH] = '\0';
  fprintf(stderr, "\r[%s] %zu of %zu points", bar, done, total);
  if (computed > 0 && seconds > 0) {
    fprintf(stderr, ", %.1f/s, %.0f s left ", (double)computed / seconds,
            seconds / (double)computed * (double)(total - done));
  }
  fputs("\x1b[K", stderr); /* a shorter line leaves nothing of the longer one before it */
  fflush(stderr);
}

/* ---- work ---- */

/* The innermost keys of the sweep that are only counted on a step make points that share it. */
static size_t count_together(const rs_experiment *e) {
  size_t together = 1;
  if (e->task != RS_TASK_DECODE) return together;
  for (size_t i = e->sweep_count; i > 0 && rs_key_is_counted(e->sweeps[i - 1].key); i--) {
    together *= e->sweeps[i - 1].value_count;
  }
  return together;
}

static bool take_point(job *j, range *own, size_t *index) {
  size_t count = j->experiment->point_count;
  pthread_mutex_lock(&j->lock);
  bool more = j->status == RS_OK && !stop_requested;
  if (more && own->next == own->end) {
    *own = (range){j->next, RS_MIN(j->next + j->together, count)};
    j->next = own->end;
  }
  more = more && own->next < own->end;
  if (more) *index = own->next++;
  pthread_mutex_unlock(&j->lock);
  return more;
}

/* Puts a point's result, which is the worker's, into its place and into the store. */
static rs_status keep_result(job *j, size_t index, const rs_result *result, bool stored,
                             rs_diag *diag) {
  rs_status status = rs_result_copy(j->arena, result, &j->results[index], diag);
  if (status == RS_OK && !stored) {
    status = rs_store_put(j->store, rs_point_digest(&j->experiment->points[index]), result, diag);
  }
  if (status != RS_OK) return status;
  j->summary->done++;
  j->summary->from_store += stored ? 1 : 0;
  j->summary->failed += result->failed ? 1 : 0;
  if (j->options->progress) draw_progress(j);
  return RS_OK;
}

static void finish_point(job *j, size_t index, rs_status status, const rs_result *result,
                         bool stored, rs_diag *diag) {
  pthread_mutex_lock(&j->lock);
  if (status == RS_OK) status = keep_result(j, index, result, stored, diag);
  if (status != RS_OK && j->status == RS_OK) {
    j->status = status;
    if (j->diag != NULL) *j->diag = *diag;
  }
  pthread_mutex_unlock(&j->lock);
}

static rs_status find_stored(job *j, rs_arena *arena, size_t index, rs_result *result, bool *found,
                             rs_diag *diag) {
  *found = false;
  if (!j->options->resume) return RS_OK;
  uint64_t key = rs_point_digest(&j->experiment->points[index]);
  pthread_mutex_lock(&j->lock);
  rs_status status = rs_store_get(j->store, arena, j->experiment->task, key, result, found, diag);
  pthread_mutex_unlock(&j->lock);
  return status;
}

static void *work(void *context) {
  worker *w = context;
  job *j = w->job;
  size_t index;
  range own = {0};
  while (take_point(j, &own, &index)) {
    rs_diag diag = {0};
    rs_result result = {0};
    bool stored;
    rs_status status = find_stored(j, w->arena, index, &result, &stored, &diag);
    if (status == RS_OK && !stored) {
      status = rs_result_compute_with(w->arena, w->memory, &j->experiment->points[index], &result,
                                      &diag);
    }
    finish_point(j, index, status, &result, stored, &diag);
    rs_arena_reset(w->arena);
  }
  return NULL;
}

/* ---- other ranks ---- */

/* Takes points until one must be computed; those that the store has are done on the way. */
static bool take_uncomputed(job *j, rs_arena *arena, range *own, size_t *index) {
  while (take_point(j, own, index)) {
    rs_diag diag = {0};
    rs_result result = {0};
    bool stored;
    rs_status status = find_stored(j, arena, *index, &result, &stored, &diag);
    if (status == RS_OK && !stored) return true;
    finish_point(j, *index, status, &result, stored, &diag);
  }
  return false;
}

static void take_report(job *j, rs_arena *arena, const rs_rank_report *report) {
  rs_diag diag = {0};
  rs_result result = {0};
  if (report->point == RS_RANKS_NO_POINT) return;
  rs_status status = report->status;
  if (status == RS_OK) {
    status = rs_result_parse(arena, j->experiment->task, report->text, &result, &diag);
  } else {
    rs_diag_set(&diag, status, "%s", report->text);
  }
  finish_point(j, (size_t)report->point, status, &result, false, &diag);
}

/* Talks to the other ranks until each was told that there is no more. */
static void serve_ranks(job *j) {
  rs_arena *arena = rs_arena_create(0);
  range own = {0};
  for (int left = rs_ranks_count() - 1; left > 0 && arena != NULL;) {
    rs_rank_report report = {0};
    rs_diag diag = {0};
    size_t index;
    if (rs_ranks_receive(arena, &report, &diag) != RS_OK) break;
    take_report(j, arena, &report);
    bool more = take_uncomputed(j, arena, &own, &index);
    rs_ranks_assign(report.rank, more ? (int64_t)index : RS_RANKS_NO_POINT);
    if (!more) left--;
    rs_arena_reset(arena);
  }
  rs_arena_destroy(arena);
}

rs_status rs_runner_serve(const rs_experiment *experiment, rs_diag *diag) {
  rs_text text;
  rs_arena *arena = rs_arena_create(0);
  rs_rank_report report = {.point = RS_RANKS_NO_POINT};
  rs_diag own = {0};
  if (arena == NULL) return rs_arena_failed(NULL, diag);
  signal(SIGINT, SIG_IGN); /* rank 0 hears it, and hands out no more */
  signal(SIGTERM, SIG_IGN);
  rs_text_init(&text);
  while ((report.point = rs_ranks_ask(&report)) != RS_RANKS_NO_POINT) {
    rs_result result = {0};
    report.status = rs_result_compute(arena, &experiment->points[report.point], &result, &own);
    text.length = 0;
    rs_sink sink = rs_text_sink(&text);
    if (report.status == RS_OK) report.status = rs_result_print(&result, &sink);
    report.text = report.status == RS_OK ? text.bytes : own.what;
    rs_arena_reset(arena);
  }
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
  return RS_OK;
}

/* ---- the whole ---- */

static unsigned thread_count(const rs_runner_options *options, size_t points) {
  long processors = rs_ranks_count() > 1 ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
  size_t count = options->threads > 0 ? options->threads : (size_t)RS_MAX(processors, 1);
  return (unsigned)RS_MIN(count, RS_MAX(points, (size_t)1));
}

static void run_workers(job *j, worker *workers, unsigned count) {
  unsigned started = 0;
  for (; started < count; started++) {
    if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) break;
  }
  if (rs_ranks_count() > 1) serve_ranks(j);
  if (started == 0) work(&workers[0]); /* no threads to be had: the caller's will do */
  for (unsigned i = 0; i < started; i++) pthread_join(workers[i].thread, NULL);
  if (j->options->progress) fputc('\n', stderr);
  j->summary->interrupted = stop_requested != 0;
}

rs_status rs_runner_run(rs_arena *arena, const rs_experiment *experiment, rs_store *store,
                        const rs_runner_options *options, rs_result *results,
                        rs_run_summary *summary, rs_diag *diag) {
  job j = {.arena = arena,
           .experiment = experiment,
           .store = store,
           .options = options,
           .results = results,
           .summary = summary,
           .diag = diag,
           .together = count_together(experiment),
           .lock = PTHREAD_MUTEX_INITIALIZER};
  unsigned count = thread_count(options, experiment->point_count);
  worker *workers = RS_ARENA_NEW(arena, worker, count);
  if (workers == NULL) return rs_arena_failed(arena, diag);
  *summary = (rs_run_summary){0};
  for (unsigned i = 0; i < count; i++) {
    workers[i] =
        (worker){.job = &j, .arena = rs_arena_create(0), .memory = rs_result_memory_create()};
    if (workers[i].arena == NULL || workers[i].memory == NULL)
      j.status = rs_arena_failed(NULL, diag);
  }
  struct sigaction stop = {.sa_handler = request_stop, .sa_flags = (int)SA_RESETHAND};
  struct sigaction old_int, old_term;
  sigaction(SIGINT, &stop, &old_int);
  sigaction(SIGTERM, &stop, &old_term);
  clock_gettime(CLOCK_MONOTONIC, &j.began);
  if (j.status == RS_OK && options->progress) draw_progress(&j);
  if (j.status == RS_OK) run_workers(&j, workers, count);
  sigaction(SIGINT, &old_int, NULL);
  sigaction(SIGTERM, &old_term, NULL);
  for (unsigned i = 0; i < count; i++) {
    rs_arena_destroy(workers[i].arena);
    rs_result_memory_destroy(workers[i].memory);
  }
  return j.status;
}
