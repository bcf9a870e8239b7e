/*
 * Steps of candidates, compiled ahead of the search on several threads.
 *
 * The search asks for one step after the other, in an order that depends on what it found. While it
 * waits for one, the other threads compile those that it will ask for next if nothing better is found.
 * They are kept under the digest of their stages; one that is never asked for is not an answer and
 * leaves no trace. How many are compiled at once does not depend on the threads there are: each begins
 * with the memo as it was, and what they add to it joins in their order, so that all is the same with
 * any number of threads.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "rs__decode.h"
#include "rs__planner.h"

struct rs__ahead {
  rs_arena *arena;
  const rs_planner_request *request;
  rs_diag *diag;
  rs__ahead_step **steps;
  size_t count, capacity;
  size_t compiled; /* of `count`; those behind it wait */
  size_t end;      /* of those that are at work */
  atomic_size_t next;
  rs_decode_memo memo;
  rs_decode_memo memos[RS__AHEAD_STEPS]; /* of each that is at work */
};

rs__ahead *rs__ahead_create(rs_arena *arena, const rs_planner_request *request, rs_diag *diag) {
  rs__ahead *ahead = RS_ARENA_NEW(arena, rs__ahead, 1);
  if (ahead == NULL) return NULL;
  ahead->arena = arena;
  ahead->request = request;
  ahead->diag = diag;
  atomic_init(&ahead->next, 0);
  for (int i = 0; i < RS__AHEAD_STEPS; i++) {
    rs_decode_memo *memo = &ahead->memos[i];
    memo->arena = rs_arena_create(0);
    memo->scratch = rs_compile_scratch_create();
    if (memo->arena != NULL && memo->scratch != NULL &&
        rs_compile_scratch_keep(memo->scratch, request->wiring)) {
      continue;
    }
    rs__ahead_destroy(ahead);
    return NULL;
  }
  return ahead;
}

void rs__ahead_destroy(rs__ahead *ahead) {
  for (int i = 0; i < RS__AHEAD_STEPS; i++) {
    rs_arena_destroy(ahead->memos[i].arena);
    rs_compile_scratch_destroy(ahead->memos[i].scratch);
  }
}

static uint64_t digest_stages(const rs_sharding *s) {
  const rs_sharding_request *r = &s->request;
  const int64_t counts[] = {r->tensor, r->pipeline, r->expert, r->batch, r->placement};
  uint64_t digest = RS_DIGEST_SEED;
  for (size_t i = 0; i < RS_COUNT_OF(counts); i++) {
    digest = rs_digest_u64(digest, (uint64_t)counts[i]);
  }
  for (int64_t k = 0; k < r->pipeline; k++) {
    digest = rs_digest_u64(digest, (uint64_t)s->stages[k].layer_count);
  }
  return digest;
}

static rs__ahead_step *find(const rs__ahead *ahead, uint64_t stages) {
  for (size_t i = 0; i < ahead->count; i++) {
    if (ahead->steps[i]->stages == stages) return ahead->steps[i];
  }
  return NULL;
}

static rs_status grow(rs__ahead *ahead) {
  if (ahead->count < ahead->capacity) return RS_OK;
  size_t capacity = RS_MAX(2 * ahead->capacity, 64);
  rs__ahead_step **steps = RS_ARENA_NEW(ahead->arena, rs__ahead_step *, capacity);
  if (steps == NULL) return rs_arena_failed(ahead->arena, ahead->diag);
  if (ahead->count > 0) memcpy(steps, ahead->steps, ahead->count * sizeof *steps);
  ahead->steps = steps;
  ahead->capacity = capacity;
  return RS_OK;
}

static rs_status digest_request(rs__ahead *ahead, const rs_sharding_request *request,
                                uint64_t *stages) {
  const rs_planner_request *q = ahead->request;
  rs_sharding *sharding;
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(ahead->arena, ahead->diag);
  rs_status status =
      rs_sharding_build(scratch, q->model, q->chip, q->chips, request, &sharding, ahead->diag);
  *stages = status == RS_OK ? digest_stages(sharding) : 0;
  rs_arena_destroy(scratch);
  return status;
}

rs_status rs__ahead_add(rs__ahead *ahead, const rs_sharding_request *request,
                        rs__ahead_step **step) {
  uint64_t stages;
  rs_status status = digest_request(ahead, request, &stages);
  if (status != RS_OK) return status;
  *step = find(ahead, stages);
  if (*step != NULL) return RS_OK;
  status = grow(ahead);
  *step = RS_ARENA_NEW(ahead->arena, rs__ahead_step, 1);
  if (status != RS_OK || *step == NULL) return rs_arena_failed(ahead->arena, ahead->diag);
  (*step)->request = *request;
  (*step)->stages = stages;
  ahead->steps[ahead->count++] = *step;
  return RS_OK;
}

rs_status rs__ahead_has_used(rs__ahead *ahead, const rs_sharding_request *request, bool *has_used) {
  uint64_t stages;
  rs_status status = digest_request(ahead, request, &stages);
  const rs__ahead_step *step = status == RS_OK ? find(ahead, stages) : NULL;
  *has_used = step != NULL && step->is_used && step->status == RS_OK;
  return status;
}

static void compile(const rs_planner_request *q, rs__ahead_step *step, rs_decode_memo *memo) {
  rs_sharding *sharding;
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) {
    step->status = rs_diag_set(&step->diag, RS_E_NO_MEMORY, "out of memory");
    return;
  }
  step->status = rs_sharding_build(scratch, q->model, q->chip, q->chips, &step->request, &sharding,
                                   &step->diag);
  if (step->status == RS_OK) {
    step->status = rs_decode_compile_with(scratch, q->model, q->chip, q->wiring, q->topology,
                                          sharding, memo, &step->decode, &step->diag);
  }
  rs_arena_destroy(scratch);
}

static void *work(void *context) {
  rs__ahead *ahead = context;
  for (;;) {
    size_t i = atomic_fetch_add(&ahead->next, 1);
    if (i >= ahead->end) return NULL;
    compile(ahead->request, ahead->steps[i], &ahead->memos[i - ahead->compiled]);
  }
}

static void join_memo(rs_decode_memo *all, const rs_decode_memo *one, uint32_t known) {
  for (uint32_t i = known; i < one->count && all->count < RS__CHOICES_MAX; i++) {
    bool is_there = false;
    for (uint32_t k = known; k < all->count && !is_there; k++) {
      is_there = all->choices[k].key == one->choices[i].key;
    }
    if (!is_there) all->choices[all->count++] = one->choices[i];
  }
}

static void compile_some(rs__ahead *ahead, size_t count) {
  pthread_t threads[RS__AHEAD_STEPS];
  size_t started = 0, first = ahead->compiled;
  size_t workers = RS_MIN(count, (size_t)RS_MAX(ahead->request->threads, 1));
  uint32_t known = ahead->memo.count;
  ahead->end = first + count;
  const rs_template *templates = ahead->memo.templates;
  for (size_t i = 0; i < count; i++) {
    rs_decode_memo own = ahead->memos[i];
    ahead->memos[i] = ahead->memo;
    ahead->memos[i].arena = own.arena;
    ahead->memos[i].scratch = own.scratch;
  }
  atomic_store(&ahead->next, first);
  for (; started + 1 < workers; started++) {
    if (pthread_create(&threads[started], NULL, work, ahead) != 0) break;
  }
  work(ahead);
  for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
  for (size_t i = 0; i < count; i++) {
    ahead->steps[first + i]->is_compiled = true;
    join_memo(&ahead->memo, &ahead->memos[i], known);
    ahead->memo.templates = rs_templates_join(ahead->arena, ahead->memo.templates,
                                              ahead->memos[i].templates, templates);
  }
  ahead->compiled = ahead->end;
}

void rs__ahead_compile(rs__ahead *ahead) {
  while (ahead->compiled < ahead->count) {
    compile_some(ahead, RS_MIN(ahead->count - ahead->compiled, (size_t)RS__AHEAD_STEPS));
  }
}
