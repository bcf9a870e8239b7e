/*
 * realscale-simgrid: takes a fluid problem from standard input, runs it with SimGrid, and writes the
 * times of its flows to standard output (rs__fluid.h). Not for people: rs_fluid_run starts it.
 *
 * Ideal fluid, exact: model CM02 without cross traffic and without TCP's window, links without latency,
 * and an actor that sleeps the latency before it sends. (With latencies on links CM02 shares
 * by 1/latency.) A second of SimGrid is a cycle. A path of links is a route between two hosts, and H
 * hosts have H · (H − 1) pairs: so path p is the pair (p / (H − 1), p mod (H − 1)), whatever chips it
 * joins, and the table of routes has no more entries than there are paths.
 *
 * One actor, the director, keeps a heap of what is to happen: a flow begins, and after its lead less a
 * slot it sends. Only sending needs an actor of its own, taken from those that are idle, so that there
 * are as many as flows ever were on links at once. When all have ended the answer is written and the
 * process ends at once, without SimGrid's clean-up.
 */
#define _GNU_SOURCE /* memfd_create: SimGrid reads platforms from a file, and this is one in memory */

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rs__fluid.h"

enum { EXIT_BAD_INPUT = 3, EXIT_NO_MEMORY = 4, EXIT_SYSTEM = 5 };

/* A flow begins, or sends, at a time. */
typedef struct step {
  double time;
  uint64_t sequence;
  uint32_t flow;
  bool sends;
} step;

typedef struct worker {
  sg_sem_t wake;
  uint32_t flow; /* what it works on */
  struct worker *next;
} worker;

/* Actors get texts only, so what they share is global; this program runs one problem. */
static struct {
  rs__fluid_header header;
  rs_flow *flows;
  rs_flow_need *needs;
  uint32_t *path_first;
  uint32_t *path_links;
  rs_flow_times *times;
  double *ready;        /* [flow] the latest of its needs so far */
  uint32_t *missing;    /* [flow] needs that have not come */
  uint64_t *user_first; /* [flow] who needs it: into users */
  uint32_t *users;
  uint64_t *user_needs; /* the need that it is */
  step *steps;          /* a heap: one a flow at most */
  uint64_t step_count, step_sequence;
  double next_wake; /* when the director comes back by itself */
  uint32_t ended_count;
  bool *has_sent;         /* [flow] */
  uint32_t *first_behind; /* [flow] 1 + the first of those that wait to send behind it; 0: none */
  uint32_t *next_behind;  /* [flow] 1 + the next of the same */
  worker *idle;
  sg_host_t *hosts;
  uint64_t host_count;
  sg_sem_t changed;
  double slot_cycles;
} g;

static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count > 0 ? count : 1, size);
  if (memory == NULL) _exit(EXIT_NO_MEMORY);
  return memory;
}

/* ---- the conversation ---- */

static void take(void *bytes, size_t count) {
  char *at = bytes;
  while (count > 0) {
    ssize_t got = read(STDIN_FILENO, at, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) _exit(EXIT_BAD_INPUT);
    at += got;
    count -= (size_t)got;
  }
}

static void give(const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t given = write(STDOUT_FILENO, at, count);
    if (given < 0 && errno == EINTR) continue;
    if (given <= 0) _exit(EXIT_SYSTEM);
    at += given;
    count -= (size_t)given;
  }
}

static void *take_array(uint64_t count, size_t size) {
  void *items = allocate((size_t)count, size);
  take(items, (size_t)count * size);
  return items;
}

static void take_problem(void) {
  take(&g.header, sizeof g.header);
  if (g.header.magic != RS__FLUID_MAGIC) _exit(EXIT_BAD_INPUT);
  g.flows = take_array(g.header.flow_count, sizeof *g.flows);
  g.needs = take_array(g.header.need_count, sizeof *g.needs);
  g.path_first = take_array(g.header.path_count + 1, sizeof *g.path_first);
  g.path_links = take_array(g.header.path_link_count, sizeof *g.path_links);
  g.slot_cycles = (double)g.header.slot_num / (double)g.header.slot_den;
}

static void answer_and_end(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  rs__fluid_answer answer = {
      .magic = RS__FLUID_MAGIC,
      .cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)};
  give(&answer, sizeof answer);
  give(g.times, g.header.flow_count * sizeof *g.times);
  _exit(0);
}

/* ---- limits ---- */

/* The soft limit alone: a process may lower it and never needs to be allowed to. */
static struct rlimit soft_limit(struct rlimit old, uint64_t soft) {
  old.rlim_cur = old.rlim_max == RLIM_INFINITY ? soft : RS_MIN(soft, old.rlim_max);
  return old;
}

static void set_limits(void) {
  struct rlimit cpu, memory, core, stack;
  if (getrlimit(RLIMIT_CPU, &cpu) != 0 || getrlimit(RLIMIT_AS, &memory) != 0 ||
      getrlimit(RLIMIT_CORE, &core) != 0 || getrlimit(RLIMIT_STACK, &stack) != 0) {
    _exit(EXIT_SYSTEM);
  }
  cpu = soft_limit(cpu, (uint64_t)g.header.cpu_seconds_max);
  memory = soft_limit(memory, (uint64_t)g.header.memory_bytes_max);
  core = soft_limit(core, 0);
  stack = soft_limit(stack, UINT64_C(256) << 20); /* the solver recurses over coupled links */
  if (setrlimit(RLIMIT_CPU, &cpu) != 0 || setrlimit(RLIMIT_AS, &memory) != 0 ||
      setrlimit(RLIMIT_CORE, &core) != 0 || setrlimit(RLIMIT_STACK, &stack) != 0) {
    _exit(EXIT_SYSTEM);
  }
}

/* ---- the platform ---- */

static void path_ends(uint64_t path, uint64_t *from, uint64_t *to) {
  *from = path / (g.host_count - 1);
  *to = path % (g.host_count - 1);
  if (*to >= *from) (*to)++;
}

static void write_links(FILE *file) {
  uint32_t most = 0;
  for (uint64_t i = 0; i < g.header.path_link_count; i++) most = RS_MAX(most, g.path_links[i]);
  bool *used = allocate((size_t)most + 1, sizeof *used);
  double bytes_per_cycle = (double)g.header.vector_bytes / g.slot_cycles;
  for (uint64_t i = 0; i < g.header.path_link_count; i++) used[g.path_links[i]] = true;
  for (uint32_t l = 0; l <= most; l++) {
    if (!used[l]) continue;
    fprintf(file, "<link id=\"l%u\" bandwidth=\"%.17gBps\" latency=\"0s\"/>\n", l, bytes_per_cycle);
  }
  free(used);
}

static void write_platform(FILE *file) {
  g.host_count = 2;
  while (g.host_count * (g.host_count - 1) < g.header.path_count) g.host_count++;
  fputs(
      "<?xml version='1.0'?>\n<!DOCTYPE platform SYSTEM "
      "\"https://simgrid.org/simgrid.dtd\">\n<platform version=\"4.1\">\n"
      "<zone id=\"z\" routing=\"Full\">\n",
      file);
  for (uint64_t h = 0; h < g.host_count; h++) {
    fprintf(file, "<host id=\"h%llu\" speed=\"1f\"/>\n", (unsigned long long)h);
  }
  write_links(file);
  for (uint64_t p = 0; p < g.header.path_count; p++) {
    uint64_t from, to;
    path_ends(p, &from, &to);
    fprintf(file, "<route src=\"h%llu\" dst=\"h%llu\" symmetrical=\"NO\">",
            (unsigned long long)from, (unsigned long long)to);
    for (uint32_t i = g.path_first[p]; i < g.path_first[p + 1]; i++) {
      fprintf(file, "<link_ctn id=\"l%u\"/>", g.path_links[i]);
    }
    fputs("</route>\n", file);
  }
  fputs("</zone>\n</platform>\n", file);
}

static void load_platform(void) {
  char name[64];
  int descriptor = memfd_create("platform.xml", 0);
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
  if (file == NULL) _exit(EXIT_SYSTEM);
  write_platform(file);
  if (fflush(file) != 0 || ferror(file)) _exit(EXIT_SYSTEM);
  snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
  simgrid_load_platform(name);
  fclose(file);
  g.hosts = allocate((size_t)g.host_count, sizeof *g.hosts);
  for (uint64_t h = 0; h < g.host_count; h++) {
    snprintf(name, sizeof name, "h%llu", (unsigned long long)h);
    g.hosts[h] = sg_host_by_name(name);
  }
}

/* ---- what is to happen ---- */

/* Of equal times the one that was pushed first. */
static bool is_before(const step *a, const step *b) {
  return a->time != b->time ? a->time < b->time : a->sequence < b->sequence;
}

static void push_step(double time, uint32_t flow, bool sends) {
  uint64_t at = g.step_count++;
  step new_step = {.time = time, .sequence = g.step_sequence++, .flow = flow, .sends = sends};
  while (at > 0 && is_before(&new_step, &g.steps[(at - 1) / 2])) {
    g.steps[at] = g.steps[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  g.steps[at] = new_step;
}

static step pop_step(void) {
  step first = g.steps[0];
  step last = g.steps[--g.step_count];
  uint64_t at = 0;
  for (;;) {
    uint64_t child = 2 * at + 1;
    if (child >= g.step_count) break;
    if (child + 1 < g.step_count && is_before(&g.steps[child + 1], &g.steps[child])) child++;
    if (!is_before(&g.steps[child], &last)) break;
    g.steps[at] = g.steps[child];
    at = child;
  }
  if (g.step_count > 0) g.steps[at] = last;
  return first;
}

/* A flow has begun or ended at `time`: those that wait for it come closer. */
static void announce(uint32_t flow, bool of_begin, double time) {
  for (uint64_t i = g.user_first[flow]; i < g.user_first[flow + 1]; i++) {
    const rs_flow_need *need = &g.needs[g.user_needs[i]];
    uint32_t user = g.users[i];
    if (need->of_begin != of_begin) continue;
    g.ready[user] = RS_MAX(g.ready[user], time + (double)need->lag_cycles);
    if (--g.missing[user] == 0) push_step(g.ready[user], user, false);
  }
}

/* The end may lie ahead of the clock by the flow's tail: those that need it wait for their own time. */
static void end_flow(uint32_t index, double arrived) {
  g.times[index].end_cycles = arrived + (double)g.flows[index].tail_cycles;
  announce(index, false, g.times[index].end_cycles);
  g.ended_count++;
}

/* ---- needs ---- */

/* Who needs whom, turned round. */
static void index_needs(void) {
  uint64_t flows = g.header.flow_count;
  g.user_first = allocate((size_t)flows + 2, sizeof *g.user_first);
  g.users = allocate((size_t)g.header.need_count, sizeof *g.users);
  g.user_needs = allocate((size_t)g.header.need_count, sizeof *g.user_needs);
  g.missing = allocate((size_t)flows, sizeof *g.missing);
  g.ready = allocate((size_t)flows, sizeof *g.ready);
  g.times = allocate((size_t)flows, sizeof *g.times);
  g.steps = allocate((size_t)flows, sizeof *g.steps);
  g.has_sent = allocate((size_t)flows, sizeof *g.has_sent);
  g.first_behind = allocate((size_t)flows, sizeof *g.first_behind);
  g.next_behind = allocate((size_t)flows, sizeof *g.next_behind);
  for (uint64_t i = 0; i < g.header.need_count; i++) g.user_first[g.needs[i].flow + 2]++;
  for (uint64_t f = 0; f < flows; f++) g.user_first[f + 2] += g.user_first[f + 1];
  for (uint32_t f = 0; f < flows; f++) {
    g.missing[f] = g.flows[f].need_count;
    g.ready[f] = (double)g.flows[f].start_cycles;
    if (g.missing[f] == 0) push_step(g.ready[f], f, false);
    for (uint32_t i = 0; i < g.flows[f].need_count; i++) {
      uint64_t need = g.flows[f].need_first + i;
      uint64_t place = g.user_first[g.needs[need].flow + 1]++;
      g.users[place] = f;
      g.user_needs[place] = need;
    }
  }
}

/* ---- actors ---- */

static void hand_out(uint32_t flow);

static void release_behind(uint32_t index) {
  g.has_sent[index] = true;
  for (uint32_t i = g.first_behind[index]; i != 0; i = g.next_behind[i - 1]) hand_out(i - 1);
}

static void work(int argc, char **argv) {
  worker *me = (worker *)(uintptr_t)strtoull(argv[0], NULL, 10);
  (void)argc;
  for (;;) {
    const rs_flow *flow = &g.flows[me->flow];
    uint64_t from, to;
    path_ends(flow->path, &from, &to);
    sg_host_sendto(g.hosts[from], g.hosts[to],
                   (double)flow->vectors * (double)g.header.vector_bytes);
    end_flow(me->flow, simgrid_get_clock());
    release_behind(me->flow);
    bool sooner = g.step_count > 0 && g.steps[0].time < g.next_wake;
    if (sooner || g.ended_count == g.header.flow_count) {
      g.next_wake = -1; /* once is enough */
      sg_sem_release(g.changed);
    }
    me->next = g.idle;
    g.idle = me;
    sg_sem_acquire(me->wake);
  }
}

static void hand_out(uint32_t flow) {
  worker *w = g.idle;
  if (w != NULL) {
    g.idle = w->next;
    w->flow = flow;
    sg_sem_release(w->wake);
    return;
  }
  w = allocate(1, sizeof *w);
  w->flow = flow;
  w->wake = sg_sem_init(0);
  char number[32];
  char *argument = number;
  snprintf(number, sizeof number, "%llu", (unsigned long long)(uintptr_t)w);
  sg_actor_create("w", g.hosts[0], work, 1, &argument);
}

/* Sends, or waits behind a flow that has not sent yet. */
static void send_flow(uint32_t index) {
  uint32_t behind = g.flows[index].behind;
  if (behind == 0 || g.has_sent[behind - 1]) {
    hand_out(index);
    return;
  }
  g.next_behind[index] = g.first_behind[behind - 1];
  g.first_behind[behind - 1] = index + 1;
}

static void do_step(const step *s) {
  const rs_flow *flow = &g.flows[s->flow];
  if (s->sends) {
    send_flow(s->flow);
    return;
  }
  g.times[s->flow].begin_cycles = s->time;
  announce(s->flow, true, s->time);
  if (flow->vectors == 0) {
    end_flow(s->flow, s->time + (double)flow->lead_cycles);
  } else {
    push_step(s->time + (double)flow->lead_cycles - g.slot_cycles, s->flow, true);
  }
}

/* Does the steps that are due, then waits for the next one's time or for a worker to push a sooner one. */
static void direct(int argc, char **argv) {
  (void)argc;
  (void)argv;
  g.changed = sg_sem_init(0);
  while (g.ended_count < g.header.flow_count) {
    double now = simgrid_get_clock();
    while (g.step_count > 0 && g.steps[0].time <= now) {
      step s = pop_step();
      do_step(&s);
    }
    if (g.ended_count == g.header.flow_count) break;
    if (g.step_count == 0) {
      g.next_wake = DBL_MAX;
      sg_sem_acquire(g.changed);
    } else {
      g.next_wake = g.steps[0].time;
      sg_sem_acquire_timeout(g.changed, g.next_wake - now);
    }
  }
  answer_and_end();
}

/* Options go in as arguments: the typed setters of this version crash for some of them. */
static void start_simgrid(void) {
  static const char *const options[] = {
      "realscale-simgrid",          "--log=root.thresh:critical",
      "--cfg=network/model:CM02",   "--cfg=network/crosstraffic:0",
      "--cfg=network/TCP-gamma:0",  "--cfg=contexts/stack-size:128",
      "--cfg=contexts/guard-size:0"};
  char *arguments[RS_COUNT_OF(options) + 1] = {NULL};
  int count = (int)RS_COUNT_OF(options);
  for (int i = 0; i < count; i++) arguments[i] = strdup(options[i]);
  simgrid_init(&count, arguments);
}

int main(void) {
  int nowhere = open("/dev/null", O_WRONLY);
  if (nowhere >= 0) dup2(nowhere, STDERR_FILENO); /* SimGrid's last words; the signal says enough */
  take_problem();
  set_limits();
  start_simgrid();
  index_needs();
  load_platform();
  sg_actor_create("director", g.hosts[0], direct, 0, NULL);
  simgrid_run();
  return EXIT_SYSTEM; /* direct() ends the process */
}
