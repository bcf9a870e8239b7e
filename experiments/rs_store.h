/*
 * The store: one SQLite file a results folder, one row a point, keyed by the digest of the point's
 * effective text. Write-ahead log and synchronous = normal: a killed run loses at most the rows of
 * the last moments, and never half a row. One connection; the caller serialises.
 */
#ifndef RS_STORE_H
#define RS_STORE_H

#include "rs_result.h"

typedef struct rs_store rs_store;

/* Opens or creates. keep = false empties it first. RS_E_SYSTEM with SQLite's words. */
rs_status rs_store_open(const char *path, bool keep, rs_store **store, rs_diag *diag);
void rs_store_close(rs_store *store); /* NULL is allowed */

rs_status rs_store_put(rs_store *store, uint64_t key, const rs_result *result, rs_diag *diag);
/* *found = false when the point is not there. */
rs_status rs_store_get(rs_store *store, rs_arena *arena, rs_task task, uint64_t key,
                       rs_result *result, bool *found, rs_diag *diag);

#endif
