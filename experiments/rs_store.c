/* The store, on SQLite. Rows are the JSON of rs_result_print, so that the file reads with any tool. */
#include "rs_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct rs_store {
  sqlite3 *database;
  sqlite3_stmt *put, *get;
};

static rs_status fail(rs_store *store, rs_diag *diag, const char *what) {
  return rs_diag_set(diag, RS_E_SYSTEM, "store: %s: %s", what,
                     store == NULL ? "out of memory" : sqlite3_errmsg(store->database));
}

static rs_status execute(rs_store *store, const char *sql, rs_diag *diag) {
  if (sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK) return RS_OK;
  return fail(store, diag, sql);
}

static rs_status prepare(rs_store *store, const char *sql, sqlite3_stmt **statement,
                         rs_diag *diag) {
  if (sqlite3_prepare_v2(store->database, sql, -1, statement, NULL) == SQLITE_OK) return RS_OK;
  return fail(store, diag, sql);
}

rs_status rs_store_open(const char *path, bool keep, rs_store **store, rs_diag *diag) {
  rs_store *s = calloc(1, sizeof *s);
  *store = s;
  if (s == NULL) return fail(NULL, diag, "open");
  if (sqlite3_open(path, &s->database) != SQLITE_OK) return fail(s, diag, path);
  sqlite3_busy_timeout(s->database, 10000);
  rs_status status = execute(s, "PRAGMA journal_mode=WAL", diag);
  if (status == RS_OK) status = execute(s, "PRAGMA synchronous=NORMAL", diag);
  if (status == RS_OK) {
    status = execute(s, "CREATE TABLE IF NOT EXISTS point(key TEXT PRIMARY KEY, row TEXT NOT NULL)",
                     diag);
  }
  if (status == RS_OK && !keep) status = execute(s, "DELETE FROM point", diag);
  if (status == RS_OK) {
    status = prepare(s, "INSERT OR REPLACE INTO point(key, row) VALUES(?1, ?2)", &s->put, diag);
  }
  if (status == RS_OK) status = prepare(s, "SELECT row FROM point WHERE key = ?1", &s->get, diag);
  return status;
}

void rs_store_close(rs_store *store) {
  if (store == NULL) return;
  sqlite3_finalize(store->put);
  sqlite3_finalize(store->get);
  sqlite3_close(store->database);
  free(store);
}

static void format_key(uint64_t key, char text[17]) {
  snprintf(text, 17, "%016llx", (unsigned long long)key);
}

rs_status rs_store_put(rs_store *store, uint64_t key, const rs_result *result, rs_diag *diag) {
  char name[17];
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  format_key(key, name);
  rs_status status = rs_result_print(result, &sink);
  if (status != RS_OK) {
    rs_text_deinit(&text);
    return rs_arena_failed(NULL, diag);
  }
  sqlite3_bind_text(store->put, 1, name, -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(store->put, 2, text.bytes, -1, SQLITE_TRANSIENT);
  if (sqlite3_step(store->put) != SQLITE_DONE) status = fail(store, diag, "insert");
  sqlite3_reset(store->put);
  rs_text_deinit(&text);
  return status;
}

rs_status rs_store_get(rs_store *store, rs_arena *arena, rs_task task, uint64_t key,
                       rs_result *result, bool *found, rs_diag *diag) {
  char name[17];
  rs_status status = RS_OK;
  format_key(key, name);
  sqlite3_bind_text(store->get, 1, name, -1, SQLITE_TRANSIENT);
  int step = sqlite3_step(store->get);
  *found = step == SQLITE_ROW;
  if (*found) {
    const char *text = (const char *)sqlite3_column_text(store->get, 0);
    status = rs_result_parse(arena, task, text == NULL ? "" : text, result, diag);
  } else if (step != SQLITE_DONE) {
    status = fail(store, diag, "select");
  }
  sqlite3_reset(store->get);
  return status;
}
