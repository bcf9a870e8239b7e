/*
 * igraph, called so that it can neither end the program nor meet itself in two threads.
 *
 * Its default error handler aborts, and Debian's build keeps its clean-up stack in plain statics.
 * So: one lock around every use; a handler that stores the first error, frees what igraph had
 * under way, and returns, after which the failed call itself returns the error code.
 */
#include <pthread.h>
#include <stdio.h>

#include "rs__measure.h"
#include "rs_random.h"

/* igraph's handler has no context argument: these two are its context, and the lock owns them. */
static pthread_mutex_t igraph_lock = PTHREAD_MUTEX_INITIALIZER;
static char igraph_reason[256];

static void store_error(const char *reason, const char *file, int line, igraph_error_t code) {
  (void)file;
  (void)line;
  if (igraph_reason[0] == '\0') {
    snprintf(igraph_reason, sizeof igraph_reason, "%s (%s)", reason, igraph_strerror(code));
  }
  IGRAPH_FINALLY_FREE();
}

/* Warnings would go to stderr, which is the program's. */
static void drop_warning(const char *reason, const char *file, int line) {
  (void)reason;
  (void)file;
  (void)line;
}

static bool is_edge(const rs_link *link, uint32_t index) {
  return link->reverse == RS_NONE || link->reverse > index;
}

static igraph_error_t create_graph(const rs_wiring *wiring, igraph_t *graph) {
  igraph_vector_int_t ends;
  bool directed = false;
  igraph_error_t error = igraph_vector_int_init(&ends, 2 * (igraph_integer_t)wiring->cable_count);
  if (error != IGRAPH_SUCCESS) return error;
  igraph_integer_t used = 0;
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (!is_edge(link, l)) continue;
    directed = directed || link->reverse == RS_NONE;
    VECTOR(ends)[used++] = link->from;
    VECTOR(ends)[used++] = link->to;
  }
  error = igraph_create(graph, &ends, wiring->chip_count, directed);
  igraph_vector_int_destroy(&ends);
  return error;
}

static igraph_error_t run_locked(const rs_wiring *wiring, rs__igraph_work *work, void *context) {
  igraph_t graph;
  igraph_error_t error = create_graph(wiring, &graph);
  if (error != IGRAPH_SUCCESS) return error;
  error = work(&graph, context);
  igraph_destroy(&graph);
  return error;
}

rs_status rs__igraph_run(const rs_wiring *wiring, rs__igraph_work *work, void *context,
                         rs_diag *diag) {
  pthread_mutex_lock(&igraph_lock);
  igraph_reason[0] = '\0';
  igraph_error_handler_t *old_error = igraph_set_error_handler(store_error);
  igraph_warning_handler_t *old_warning = igraph_set_warning_handler(drop_warning);
  igraph_error_t error = run_locked(wiring, work, context);
  igraph_set_warning_handler(old_warning);
  igraph_set_error_handler(old_error);
  rs_status status = RS_OK;
  if (error == IGRAPH_ENOMEM) {
    status = rs_diag_set(diag, RS_E_NO_MEMORY, "igraph is out of memory");
  } else if (error != IGRAPH_SUCCESS) {
    status = rs_diag_set(diag, RS_E_SYSTEM, "igraph: %s", igraph_reason);
  }
  pthread_mutex_unlock(&igraph_lock);
  return status;
}

static igraph_error_t find_edge_connectivity(const igraph_t *graph, void *context) {
  igraph_integer_t result = 0;
  igraph_error_t error = igraph_edge_connectivity(graph, &result, /*checks=*/0);
  *(int64_t *)context = result;
  return error;
}

rs_status rs__measure_edge_connectivity_igraph(const rs_wiring *wiring, int64_t *result,
                                               rs_diag *diag) {
  return rs__igraph_run(wiring, find_edge_connectivity, result, diag);
}

/* ---- λ₂ ---- */

/*
 * The largest eigenvalue of c·I − L − (c/n)·J is c − λ₂: L is the Laplacian, c = twice the largest
 * degree bounds its spectrum, and J (all ones) removes the constant vector, whose eigenvalue of L
 * is 0. One eigenvalue of a symmetric matrix: ARPACK, from a start that is the same each time.
 */
typedef struct laplacian {
  const rs_wiring *wiring;
  double bound; /* c */
  double lambda2;
} laplacian;

static igraph_error_t multiply(igraph_real_t *to, const igraph_real_t *from, int n, void *extra) {
  const laplacian *m = extra;
  double sum = 0;
  for (int i = 0; i < n; i++) sum += from[i];
  for (int i = 0; i < n; i++) to[i] = m->bound * from[i] - m->bound * sum / n;
  for (uint32_t l = 0; l < m->wiring->link_count; l++) {
    uint32_t a = m->wiring->links[l].from, b = m->wiring->links[l].to;
    double half = (from[a] - from[b]) / 2; /* a cable is two links, a fibre half a cable */
    to[a] -= half;
    to[b] += half;
  }
  return IGRAPH_SUCCESS;
}

static igraph_error_t solve(laplacian *m, igraph_vector_t *values, igraph_matrix_t *vectors) {
  igraph_arpack_options_t options;
  uint32_t n = m->wiring->chip_count;
  igraph_arpack_options_init(&options);
  options.n = (int)n;
  options.nev = 1;
  options.ncv = 0;
  options.which[0] = 'L';
  options.which[1] = 'A';
  options.start = 1;
  options.mxiter = 100000;
  igraph_error_t error = igraph_matrix_resize(vectors, n, 1);
  if (error != IGRAPH_SUCCESS) return error;
  for (uint32_t i = 0; i < n; i++) {
    MATRIX(*vectors, i, 0) = (double)(rs_mix_u64(i) >> 40) / 16777216.0 - 0.5;
  }
  return igraph_arpack_rssolve(multiply, m, &options, NULL, values, vectors);
}

static igraph_error_t find_lambda2(const igraph_t *graph, void *context) {
  laplacian *m = context;
  igraph_vector_t values;
  igraph_matrix_t vectors;
  (void)graph;
  igraph_error_t error = igraph_vector_init(&values, 0);
  if (error != IGRAPH_SUCCESS) return error;
  error = igraph_matrix_init(&vectors, 0, 0);
  if (error == IGRAPH_SUCCESS) {
    error = solve(m, &values, &vectors);
    igraph_matrix_destroy(&vectors);
  }
  if (error == IGRAPH_SUCCESS) m->lambda2 = m->bound - VECTOR(values)[0];
  igraph_vector_destroy(&values);
  return error;
}

rs_status rs__measure_lambda2(const rs_wiring *wiring, double *lambda2, rs_diag *diag) {
  laplacian m = {.wiring = wiring};
  *lambda2 = 0;
  if (wiring->chip_count < 2) return RS_OK;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    uint32_t links =
        rs_wiring_out_degree(wiring, chip) + wiring->in_first[chip + 1] - wiring->in_first[chip];
    m.bound =
        RS_MAX(m.bound, (double)links); /* half of the links are the degree, twice that is c */
  }
  rs_status status = rs__igraph_run(wiring, find_lambda2, &m, diag);
  /* Rounding must not make the bound negative or, on one of no cables, positive. */
  *lambda2 = m.lambda2 < 1e-9 ? 0 : m.lambda2;
  return status;
}
