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

rs_status rs__measure_edge_connectivity(const rs_wiring *wiring, int64_t *result, rs_diag *diag) {
  return rs__igraph_run(wiring, find_edge_connectivity, result, diag);
}
