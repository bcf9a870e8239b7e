/*
 * Edge connectivity, exact: contraction by the method of Nagamochi, Ono and Ibaraki.
 *
 * The least degree is a cut, and so an upper bound. A pass visits the vertices in a maximum
 * adjacency order (next is the one with the most cables to those visited). When a vertex is
 * visited, a neighbour that then has at least `bound` cables to the visited ones cannot be parted
 * from it by fewer than `bound` cables: the two become one vertex. What is cut off along the way,
 * and the degrees of what remains, lower the bound. The last vertex always merges, so a pass makes
 * progress; on regular wirings with λ = degree one pass or two leave a single vertex. Priorities
 * are capped at the bound, which keeps the queue a short row of buckets. Sources: Nagamochi, Ono, Ibaraki,
 * "Implementing an efficient minimum capacity cut algorithm", Math. Programming 1994; the cap:
 * Henzinger, Noe, Schulz, "Shared-memory exact minimum cuts", IPDPS 2019, Lemma 3.1.
 *
 * Fibres, when every chip sends on as many as it receives on: a set of chips then has as many fibres
 * out as in, so that the cut of fibres is half of that of the undirected graph.
 */
#include <string.h>

#include "rs__measure.h"

/* Weighted, without loops; an edge stands at both ends. */
typedef struct graph {
  uint32_t vertex_count;
  uint32_t *first; /* vertex_count + 1 */
  uint32_t *to;
  uint32_t *weight;
} graph;

typedef struct contraction {
  graph now, spare;
  uint32_t bound;        /* of a cut that exists */
  uint32_t *degree;      /* [vertex] weights added up */
  uint32_t *towards;     /* [vertex] weight to the visited ones */
  uint32_t *next, *last; /* [vertex] neighbours in its bucket */
  uint32_t *bucket;      /* [min(towards, cap)] its first vertex */
  uint32_t cap;
  uint32_t *group; /* [vertex] union-find */
  uint32_t *label; /* [vertex] its number after the contraction */
  uint32_t *slot;  /* [new vertex] where its edge to this neighbour is */
  bool *visited;
} contraction;

static rs_status create_graph(rs_arena *arena, uint32_t vertices, size_t ends, graph *g,
                              rs_diag *diag) {
  g->vertex_count = vertices;
  g->first = RS_ARENA_NEW(arena, uint32_t, (size_t)vertices + 1);
  g->to = RS_ARENA_NEW(arena, uint32_t, ends);
  g->weight = RS_ARENA_NEW(arena, uint32_t, ends);
  bool whole = g->first != NULL && g->to != NULL && g->weight != NULL;
  return whole ? RS_OK : rs_arena_failed(arena, diag);
}

static rs_status create(rs_arena *arena, const rs_wiring *wiring, contraction *c, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  size_t ends = (size_t)2 * wiring->cable_count;
  rs_status status = create_graph(arena, n, ends, &c->now, diag);
  if (status == RS_OK) status = create_graph(arena, n, ends, &c->spare, diag);
  if (status != RS_OK) return status;
  uint32_t **const fields[] = {&c->degree, &c->towards, &c->next, &c->last,
                               &c->group,  &c->label,   &c->slot};
  for (size_t i = 0; i < RS_COUNT_OF(fields); i++) {
    *fields[i] = RS_ARENA_NEW(arena, uint32_t, n);
    if (*fields[i] == NULL) return rs_arena_failed(arena, diag);
  }
  c->visited = RS_ARENA_NEW(arena, bool, n);
  return c->visited == NULL ? rs_arena_failed(arena, diag) : RS_OK;
}

/* Out-links are both ends of a cable; of a fibre the in-links give the other end. */
static void load(contraction *c, const rs_wiring *wiring, bool fibres) {
  graph *g = &c->now;
  uint32_t used = 0;
  for (uint32_t chip = 0; chip < g->vertex_count; chip++) {
    g->first[chip] = used;
    for (uint32_t l = wiring->out_first[chip]; l < wiring->out_first[chip + 1]; l++) {
      g->to[used++] = wiring->links[l].to;
    }
    for (uint32_t k = wiring->in_first[chip]; fibres && k < wiring->in_first[chip + 1]; k++) {
      g->to[used++] = wiring->links[wiring->in_links[k]].from;
    }
  }
  g->first[g->vertex_count] = used;
  for (uint32_t k = 0; k < used; k++) g->weight[k] = 1;
}

/* Each degree is a cut. */
static void measure_degrees(contraction *c) {
  const graph *g = &c->now;
  for (uint32_t v = 0; v < g->vertex_count; v++) {
    c->degree[v] = 0;
    for (uint32_t k = g->first[v]; k < g->first[v + 1]; k++) c->degree[v] += g->weight[k];
    c->bound = RS_MIN(c->bound, c->degree[v]);
  }
}

static void push(contraction *c, uint32_t v) {
  uint32_t key = RS_MIN(c->towards[v], c->cap);
  c->last[v] = RS_NONE;
  c->next[v] = c->bucket[key];
  if (c->next[v] != RS_NONE) c->last[c->next[v]] = v;
  c->bucket[key] = v;
}

static void pull(contraction *c, uint32_t v) {
  uint32_t key = RS_MIN(c->towards[v], c->cap);
  if (c->next[v] != RS_NONE) c->last[c->next[v]] = c->last[v];
  if (c->last[v] != RS_NONE) {
    c->next[c->last[v]] = c->next[v];
  } else {
    c->bucket[key] = c->next[v];
  }
}

static uint32_t find_group(uint32_t *group, uint32_t v) {
  while (group[v] != v) v = group[v] = group[group[v]];
  return v;
}

/* Tells v's neighbours of it; *top: the highest bucket that may hold a vertex. */
static void visit(contraction *c, uint32_t v, uint32_t *top) {
  const graph *g = &c->now;
  c->visited[v] = true;
  for (uint32_t k = g->first[v]; k < g->first[v + 1]; k++) {
    uint32_t to = g->to[k];
    if (c->visited[to]) continue;
    bool moves = c->towards[to] < c->cap;
    if (moves) pull(c, to);
    c->towards[to] += g->weight[k];
    if (moves) push(c, to);
    if (c->towards[to] >= c->bound) {
      uint32_t a = find_group(c->group, v), b = find_group(c->group, to);
      c->group[RS_MAX(a, b)] = RS_MIN(a, b);
    }
    *top = RS_MAX(*top, RS_MIN(c->towards[to], c->cap));
  }
}

static void visit_all(contraction *c) {
  uint32_t n = c->now.vertex_count, top = 0;
  int64_t cut = 0; /* between the visited and the others */
  c->cap = c->bound;
  for (uint32_t key = 0; key <= c->cap; key++) c->bucket[key] = RS_NONE;
  for (uint32_t v = n; v-- > 0;) {
    c->group[v] = v;
    c->towards[v] = 0;
    c->visited[v] = false;
    push(c, v);
  }
  for (uint32_t count = 1; count <= n; count++) {
    while (c->bucket[top] == RS_NONE) top--;
    uint32_t v = c->bucket[top];
    pull(c, v);
    cut += (int64_t)c->degree[v] - 2 * (int64_t)c->towards[v];
    if (count < n && cut < c->bound) c->bound = (uint32_t)cut;
    visit(c, v, &top);
  }
}

/* Numbers the groups in the order of their least vertex. Returns how many there are. */
static uint32_t number_groups(contraction *c) {
  uint32_t count = 0;
  for (uint32_t v = 0; v < c->now.vertex_count; v++) {
    uint32_t group = find_group(c->group, v);
    c->label[v] = group == v ? count++ : c->label[group];
  }
  return count;
}

/* Adds v's edges to those of the new vertex that is being written, from `start` on. */
static uint32_t add_edges(contraction *c, uint32_t v, uint32_t start, uint32_t used) {
  const graph *g = &c->now;
  for (uint32_t k = g->first[v]; k < g->first[v + 1]; k++) {
    uint32_t to = c->label[g->to[k]];
    if (to == c->label[v]) continue;
    bool known = c->slot[to] >= start && c->slot[to] < used && c->spare.to[c->slot[to]] == to;
    if (!known) {
      c->slot[to] = used;
      c->spare.to[used] = to;
      c->spare.weight[used++] = 0;
    }
    c->spare.weight[c->slot[to]] += g->weight[k];
  }
  return used;
}

/* Makes each group one vertex, and parallel edges one. */
static void contract(contraction *c) {
  uint32_t n = c->now.vertex_count, used = 0;
  uint32_t count = number_groups(c);
  assert(count < n);
  /* Vertices by new number: bucket lists again, in the arrays that a pass leaves free. */
  for (uint32_t v = 0; v < count; v++) c->last[v] = RS_NONE;
  for (uint32_t v = n; v-- > 0;) {
    c->next[v] = c->last[c->label[v]];
    c->last[c->label[v]] = v;
  }
  for (uint32_t to = 0; to < count; to++) {
    uint32_t start = used;
    c->spare.first[to] = start;
    for (uint32_t v = c->last[to]; v != RS_NONE; v = c->next[v]) {
      used = add_edges(c, v, start, used);
    }
  }
  c->spare.first[count] = used;
  c->spare.vertex_count = count;
  graph old = c->now;
  c->now = c->spare;
  c->spare = old;
}

static bool is_balanced(const rs_wiring *wiring) {
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    uint32_t in = wiring->in_first[chip + 1] - wiring->in_first[chip];
    if (rs_wiring_out_degree(wiring, chip) != in) return false;
  }
  return true;
}

rs_status rs__measure_edge_connectivity(rs_arena *arena, const rs_wiring *wiring, int64_t *result,
                                        rs_diag *diag) {
  bool fibres = wiring->link_count > 0 && wiring->links[0].reverse == RS_NONE;
  contraction c = {.bound = UINT32_MAX};
  *result = 0;
  if (wiring->chip_count < 2) return RS_OK;
  if (fibres && !is_balanced(wiring)) {
    return rs__measure_edge_connectivity_igraph(wiring, result, diag);
  }
  rs_status status = create(arena, wiring, &c, diag);
  if (status != RS_OK) return status;
  load(&c, wiring, fibres);
  measure_degrees(&c);
  c.bucket = RS_ARENA_NEW(arena, uint32_t, (size_t)c.bound + 1);
  if (c.bucket == NULL) return rs_arena_failed(arena, diag);
  while (c.bound > 0 && c.now.vertex_count > 1) {
    visit_all(&c);
    contract(&c);
    if (c.now.vertex_count > 1) measure_degrees(&c);
  }
  assert(!fibres || c.bound % 2 == 0);
  *result = fibres ? c.bound / 2 : c.bound;
  return RS_OK;
}
