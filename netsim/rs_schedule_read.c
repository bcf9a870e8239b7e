/*
 * Reading schedules: the order of the lines, and a window over a source of bytes.
 *
 * A text in memory is its own window. For a source the window holds the line at hand and what was
 * read ahead: at the beginning of a line what was used is dropped and the rest filled up, until there
 * is a line feed. Only the line of an operation with a large group is long; a line that no
 * schedule can have is not waited for.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__schedule_parse.h"

#define WINDOW_BYTES ((size_t)256 << 10)
/* Two million chips of a send's pairs with seven digits and a comma each. */
#define LINE_BYTES_MAX ((size_t)32 << 20)

struct rs_schedule_reader {
  rs__reader state;
  rs_source source;
  rs_record_kind stage; /* the kind of the last record */
  uint64_t burst_count, compute_count;
  int line; /* of the last record */
};

/* ---- the window ---- */

/* Doubles it; what is in it moves. */
static rs_status enlarge(rs__reader *r) {
  size_t used = (size_t)(r->scan.end - r->scan.at);
  char *larger = realloc(r->window, 2 * r->capacity);
  if (larger == NULL) return rs_arena_failed(r->arena, r->scan.diag);
  r->window = larger;
  r->capacity *= 2;
  r->scan.at = r->scan.line_start = larger;
  r->scan.end = larger + used;
  return RS_OK;
}

static rs_status read_more(rs__reader *r) {
  size_t used = (size_t)(r->scan.end - r->window);
  ptrdiff_t got = r->source->read(r->source->context, r->window + used, r->capacity - used);
  if (got < 0) {
    rs_diag_set(r->scan.diag, RS_E_SYSTEM, "reading failed");
    rs_diag_at(r->scan.diag, r->scan.file, r->scan.line, 1);
    return RS_E_SYSTEM;
  }
  r->at_end = got == 0;
  r->scan.end += got;
  return RS_OK;
}

rs_status rs__reader_fill(rs__reader *r) {
  if (r->source == NULL) return RS_OK;
  size_t seen = 0; /* of what is left: there is no line feed in it */
  for (;;) {
    size_t left = (size_t)(r->scan.end - r->scan.at);
    if (left > seen && memchr(r->scan.at + seen, '\n', left - seen) != NULL) return RS_OK;
    if (r->at_end || left >= LINE_BYTES_MAX) return RS_OK;
    seen = left;
    if (r->scan.at != r->window) {
      memmove(r->window, r->scan.at, left);
      r->scan.at = r->scan.line_start = r->window;
      r->scan.end = r->window + left;
    }
    rs_status status = left == r->capacity ? enlarge(r) : RS_OK;
    if (status == RS_OK) status = read_more(r);
    if (status != RS_OK) return status;
  }
}

/* ---- the order of lines ---- */

static rs_status check_counts(rs_schedule_reader *reader) {
  rs__reader *r = &reader->state;
  const rs_schedule *s = r->schedule;
  if (s->stall_count != r->promised_stalls) {
    rs_diag_set(r->scan.diag, RS_E_INPUT, "the file has %llu stalls",
                (unsigned long long)s->stall_count);
    rs_diag_expect(r->scan.diag, "%llu, as its header says",
                   (unsigned long long)r->promised_stalls);
    rs_diag_at(r->scan.diag, r->scan.file, r->scan.line, 1);
    return RS_E_INPUT;
  }
  if (s->op_count == r->promised_ops && reader->burst_count == r->promised_bursts &&
      reader->compute_count == r->promised_computes) {
    return RS_OK;
  }
  rs_diag_set(r->scan.diag, RS_E_INPUT,
              "the file has %u operations, %llu bursts and %llu compute intervals", s->op_count,
              (unsigned long long)reader->burst_count, (unsigned long long)reader->compute_count);
  rs_diag_expect(r->scan.diag, "%llu, %llu and %llu, as its header says",
                 (unsigned long long)r->promised_ops, (unsigned long long)r->promised_bursts,
                 (unsigned long long)r->promised_computes);
  rs_diag_at(r->scan.diag, r->scan.file, r->scan.line, 1);
  return RS_E_INPUT;
}

static rs_status read_end(rs_schedule_reader *reader) {
  rs__reader *r = &reader->state;
  if (!rs__scan_starts_with(&r->scan, "end", 3)) {
    return rs__scan_fault(
        &r->scan, "an operation, then bursts ('b …'), then compute intervals ('c …'), 'end'");
  }
  rs_status status = check_counts(reader);
  if (status == RS_OK) status = rs__scan_take(&r->scan, "end");
  if (status == RS_OK) status = rs__scan_take(&r->scan, "\n");
  if (status == RS_OK) status = rs__reader_fill(r);
  if (status == RS_OK && r->scan.at != r->scan.end) {
    return rs__scan_fault(&r->scan, "nothing after 'end'");
  }
  return status;
}

/* Places of one kind of record mean nothing to another. */
static void enter_stage(rs_schedule_reader *reader, rs_record_kind stage) {
  if (reader->stage == stage) return;
  memset(reader->state.places, 0, sizeof reader->state.places);
  reader->stage = stage;
}

static rs_status open_reader(rs_schedule_reader *reader, rs_wiring_provider *provider,
                             void *context) {
  rs__reader *r = &reader->state;
  rs_status status = rs__parse_header(r, provider, context);
  while (status == RS_OK) {
    status = rs__reader_fill(r);
    if (status != RS_OK || !rs__scan_starts_with(&r->scan, "op ", 3)) break;
    status = rs__parse_op(r);
  }
  memset(r->places, 0, sizeof r->places);
  while (status == RS_OK && r->version >= 2 && rs__scan_starts_with(&r->scan, "d ", 2)) {
    status = rs__parse_stall(r);
    if (status == RS_OK) status = rs__reader_fill(r);
  }
  memset(r->places, 0, sizeof r->places);
  reader->stage = RS_RECORD_BURST;
  return status;
}

static rs_status next_record(rs_schedule_reader *reader, rs_record *record) {
  rs__reader *r = &reader->state;
  rs_status status = rs__reader_fill(r);
  if (status != RS_OK) return status;
  reader->line = r->scan.line;
  if (reader->stage == RS_RECORD_BURST && rs__scan_starts_with(&r->scan, "b ", 2)) {
    record->kind = RS_RECORD_BURST;
    reader->burst_count++;
    return rs__parse_burst(r, &record->burst);
  }
  if (rs__scan_starts_with(&r->scan, "c ", 2)) {
    enter_stage(reader, RS_RECORD_COMPUTE);
    record->kind = RS_RECORD_COMPUTE;
    reader->compute_count++;
    return rs__parse_compute(r, &record->compute);
  }
  record->kind = RS_RECORD_END;
  return read_end(reader);
}

/* ---- record by record ---- */

rs_status rs_schedule_reader_open(rs_arena *arena, const char *file, const rs_source *source,
                                  rs_wiring_provider *provider, void *provider_context,
                                  rs_schedule_reader **reader, rs_diag *diag) {
  rs_schedule_reader *made = calloc(1, sizeof *made);
  char *window = malloc(WINDOW_BYTES);
  if (made == NULL || window == NULL) {
    free(made);
    free(window);
    return rs_arena_failed(NULL, diag);
  }
  made->source = *source;
  made->state = (rs__reader){.scan = {.file = file,
                                      .at = window,
                                      .end = window,
                                      .line_start = window,
                                      .line = 1,
                                      .diag = diag},
                             .source = &made->source,
                             .window = window,
                             .capacity = WINDOW_BYTES,
                             .arena = arena};
  rs_status status = open_reader(made, provider, provider_context);
  if (status == RS_OK) {
    *reader = made;
  } else {
    rs_schedule_reader_close(made);
  }
  return status;
}

void rs_schedule_reader_close(rs_schedule_reader *reader) {
  if (reader == NULL) return;
  free(reader->state.window);
  free(reader);
}

rs_status rs_schedule_reader_next(rs_schedule_reader *reader, rs_record *record, rs_diag *diag) {
  reader->state.scan.diag = diag;
  return next_record(reader, record);
}

const rs_schedule *rs_schedule_reader_header(const rs_schedule_reader *reader) {
  return reader->state.schedule;
}

const rs_wiring *rs_schedule_reader_wiring(const rs_schedule_reader *reader) {
  return reader->state.wiring;
}

uint64_t rs_schedule_reader_promised(const rs_schedule_reader *reader, uint64_t *computes) {
  if (computes != NULL) *computes = reader->state.promised_computes;
  return reader->state.promised_bursts;
}

int rs_schedule_reader_line(const rs_schedule_reader *reader) {
  return reader->line;
}

/* ---- the whole ---- */

static rs_status add_records(rs_schedule_reader *reader) {
  rs__reader *r = &reader->state;
  rs_record record;
  for (;;) {
    rs_status status = next_record(reader, &record);
    if (status != RS_OK) return status;
    if (record.kind == RS_RECORD_END) break;
    bool added = record.kind == RS_RECORD_BURST
                     ? rs_schedule_add_burst(r->schedule, &record.burst) != NULL
                     : rs_schedule_add_compute(r->schedule, &record.compute) != NULL;
    if (!added) return rs_arena_failed(r->arena, r->scan.diag);
  }
  rs_schedule_sort(r->schedule);
  return RS_OK;
}

rs_status rs_schedule_read(rs_arena *arena, const char *file, const rs_source *source,
                           rs_wiring_provider *provider, void *provider_context,
                           rs_schedule **schedule, const rs_wiring **wiring, rs_diag *diag) {
  rs_schedule_reader *reader;
  rs_status status =
      rs_schedule_reader_open(arena, file, source, provider, provider_context, &reader, diag);
  if (status != RS_OK) return status;
  status = add_records(reader);
  if (status == RS_OK) {
    *schedule = reader->state.schedule;
    *wiring = reader->state.wiring;
  }
  rs_schedule_reader_close(reader);
  return status;
}

rs_status rs_schedule_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                            rs_wiring_provider *provider, void *provider_context,
                            rs_schedule **schedule, const rs_wiring **wiring, rs_diag *diag) {
  rs_schedule_reader reader = {.state = {.scan = {.file = file,
                                                  .at = text,
                                                  .end = text + length,
                                                  .line_start = text,
                                                  .line = 1,
                                                  .diag = diag},
                                         .arena = arena}};
  rs_status status = open_reader(&reader, provider, provider_context);
  if (status == RS_OK) status = add_records(&reader);
  if (status != RS_OK) return status;
  *schedule = reader.state.schedule;
  *wiring = reader.state.wiring;
  return RS_OK;
}
