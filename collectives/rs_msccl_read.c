/*
 * Reading MSCCL's XML: <algo> holds <gpu>s, they hold <tb>s, they hold <step>s. Attributes that say
 * how GPUs are to run the program (protocol, sizes it is good for, …) are passed over.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rs__msccl.h"
#include "rs_xml.h"

#define STEPS_MAX RS__MS_STEPS_MAX
#define GPUS_MAX (UINT32_C(1) << 16)
#define CHUNKS_MAX (UINT32_C(1) << 20)
#define CHANNELS_MAX 1024

typedef struct reader {
  rs_xml xml;
  rs_arena *arena;
  rs_msccl *program;
  rs_diag *diag;
  bool *seen; /* [GPU] */
} reader;

static const char *const type_words[RS__MS_TYPE_COUNT] = {"nop", "s",    "r",   "rcs", "rrs",
                                                          "rrc", "rrcs", "cpy", "re"};

const char *rs__ms_type_word(rs__ms_type type) {
  return type_words[type];
}

rs_status rs__ms_refuse(const rs_msccl *program, int line, rs_diag *diag, const char *format, ...) {
  va_list list;
  va_start(list, format);
  rs_diag_refuse(diag, program->file, line, 1, format, list);
  va_end(list);
  return RS_E_INPUT;
}

/* ---- attributes ---- */

static rs_status missing(const reader *r, const char *name) {
  return rs_xml_refuse(&r->xml, r->diag, "<%.*s> has no %s", (int)RS_MIN(r->xml.name.length, 20),
                       r->xml.name.bytes, name);
}

/* A whole number from `least` to `most`; −1 becomes RS_NONE where it is allowed. */
static rs_status take_number(const reader *r, const char *name, int64_t least, int64_t most,
                             uint32_t *value) {
  rs_slice text = rs_xml_attribute_of(&r->xml, name);
  if (text.bytes == NULL) return missing(r, name);
  size_t at = text.length > 0 && text.bytes[0] == '-' ? 1 : 0;
  int64_t number = 0;
  bool good = text.length > at && text.length <= at + 10;
  for (size_t i = at; i < text.length && good; i++) {
    good = text.bytes[i] >= '0' && text.bytes[i] <= '9';
    number = number * 10 + (text.bytes[i] - '0');
  }
  if (at == 1) number = -number;
  if (good && number >= least && number <= most) {
    *value = number < 0 ? RS_NONE : (uint32_t)number;
    return RS_OK;
  }
  return rs_xml_refuse(&r->xml, r->diag, "%s is '%.*s', not a number from %lld to %lld", name,
                       (int)RS_MIN(text.length, 20), text.bytes, (long long)least, (long long)most);
}

/* The same, with a value for an attribute that is not there. */
static rs_status take_optional(const reader *r, const char *name, int64_t least, int64_t most,
                               uint32_t absent, uint32_t *value) {
  *value = absent;
  if (rs_xml_attribute_of(&r->xml, name).bytes == NULL) return RS_OK;
  return take_number(r, name, least, most, value);
}

static rs_status take_word(const reader *r, const char *name, const char *const *words,
                           size_t count, size_t *index) {
  char word[24];
  rs_slice text = rs_xml_attribute_of(&r->xml, name);
  if (text.bytes == NULL) return missing(r, name);
  for (*index = 0; *index < count; ++*index) {
    if (rs_slice_is(text, words[*index])) return RS_OK;
  }
  snprintf(word, sizeof word, "%.*s", (int)RS_MIN(text.length, sizeof word - 1), text.bytes);
  rs_xml_refuse(&r->xml, r->diag, "unknown %s '%s'", name, word);
  rs_diag_suggest(r->diag, rs_nearest_word(word, words, count));
  return RS_E_INPUT;
}

/* ---- elements ---- */

static rs_status read_algo(reader *r) {
  static const char *const kinds[] = {"allreduce", "allgather", "reduce_scatter",
                                      "alltoall",  "broadcast", "reducescatter"};
  static const rs_collective_kind kind_of[] = {RS_ALL_REDUCE, RS_ALL_GATHER, RS_REDUCE_SCATTER,
                                               RS_ALL_TO_ALL, RS_BROADCAST,  RS_REDUCE_SCATTER};
  rs_msccl *p = r->program;
  size_t kind;
  uint32_t in_place = 0;
  rs_slice name = rs_xml_attribute_of(&r->xml, "name");
  for (size_t i = 0; i < name.length && i < sizeof p->name - 1; i++) {
    char c = name.bytes[i];
    p->name[i] = c > ' ' && c < 0x7f ? c : '_';
  }
  if (p->name[0] == '\0' || strcmp(p->name, "-") == 0) snprintf(p->name, sizeof p->name, "msccl");
  rs_status status = take_word(r, "coll", kinds, RS_COUNT_OF(kinds), &kind);
  if (status == RS_OK) status = take_number(r, "ngpus", 2, GPUS_MAX, &p->gpu_count);
  if (status == RS_OK) status = take_number(r, "nchunksperloop", 1, CHUNKS_MAX, &p->chunks);
  if (status == RS_OK) status = take_optional(r, "inplace", 0, 1, 0, &in_place);
  if (status == RS_OK) status = take_optional(r, "root", 0, p->gpu_count - 1, 0, &p->root);
  if (status != RS_OK) return status;
  p->kind = kind_of[kind];
  p->in_place = in_place == 1;
  bool by_gpu = p->kind != RS_ALL_REDUCE && p->kind != RS_BROADCAST;
  if (by_gpu && p->chunks % p->gpu_count != 0) {
    return rs_xml_refuse(&r->xml, r->diag, "%u chunks are not to be divided among %u GPUs",
                         p->chunks, p->gpu_count);
  }
  r->seen = RS_ARENA_NEW(r->arena, bool, p->gpu_count);
  p->first_block = RS_ARENA_NEW(r->arena, uint32_t, (size_t)p->gpu_count + 1);
  return r->seen == NULL || p->first_block == NULL ? rs_arena_failed(r->arena, r->diag) : RS_OK;
}

/* Chunks of a buffer that a program may name. */
static uint32_t chunks_of(const rs_msccl *p, uint8_t buffer) {
  uint32_t share = p->chunks / p->gpu_count;
  if (buffer == RS__MS_SCRATCH) return p->scratch_chunks;
  if (p->kind == RS_ALL_GATHER && buffer == RS__MS_INPUT) return share;
  if (p->kind == RS_REDUCE_SCATTER && buffer == RS__MS_OUTPUT) return share;
  return p->chunks;
}

static rs_status take_place(const reader *r, const char *buffer_name, const char *chunk_name,
                            uint32_t count, rs__ms_place *place) {
  static const char *const buffers[] = {"i", "o", "s"};
  size_t buffer;
  rs_status status = take_word(r, buffer_name, buffers, RS_COUNT_OF(buffers), &buffer);
  if (status == RS_OK) status = take_number(r, chunk_name, 0, CHUNKS_MAX, &place->chunk);
  if (status != RS_OK) return status;
  place->buffer = (uint8_t)buffer;
  if (place->chunk + count <= chunks_of(r->program, place->buffer)) return RS_OK;
  return rs_xml_refuse(&r->xml, r->diag, "%s %u and %u chunks from there are beyond the %u of '%s'",
                       chunk_name, place->chunk, count, chunks_of(r->program, place->buffer),
                       buffers[buffer]);
}

/* depid and deps: for now as numbers of threadblock and step, in `before` and `peer`. */
static rs_status take_step(const reader *r, uint32_t index, rs__ms_step *step) {
  size_t type;
  uint32_t number;
  step->line = r->xml.event_line;
  rs_status status = take_number(r, "s", 0, STEPS_MAX, &number);
  if (status == RS_OK && number != index) {
    return rs_xml_refuse(&r->xml, r->diag, "step %u stands where step %u is due", number, index);
  }
  if (status == RS_OK) status = take_word(r, "type", type_words, RS_COUNT_OF(type_words), &type);
  if (status == RS_OK) status = take_optional(r, "depid", -1, STEPS_MAX, RS_NONE, &step->before);
  if (status == RS_OK) status = take_optional(r, "deps", -1, STEPS_MAX, RS_NONE, &step->peer);
  if (status != RS_OK) return status;
  if (step->before == RS_NONE || step->peer == RS_NONE) step->before = step->peer = RS_NONE;
  step->type = (uint8_t)type;
  if (type == RS__MS_NOP) return RS_OK;
  status = take_number(r, "cnt", 1, CHUNKS_MAX, &step->count);
  bool has_source = type != RS__MS_RECV && type != RS__MS_RECV_COPY_SEND;
  bool has_target = type != RS__MS_SEND && type != RS__MS_RECV_REDUCE_SEND;
  if (status == RS_OK && has_source) {
    status = take_place(r, "srcbuf", "srcoff", step->count, &step->source);
  }
  if (status == RS_OK && has_target) {
    status = take_place(r, "dstbuf", "dstoff", step->count, &step->target);
  }
  return status;
}

static rs_status add_step(reader *r) {
  rs_msccl *p = r->program;
  rs__ms_block *block = &p->blocks[p->block_count - 1];
  if (p->step_count == STEPS_MAX) {
    return rs_diag_set(r->diag, RS_E_LIMIT, "more than %u steps", STEPS_MAX);
  }
  if (p->step_count == p->step_capacity) {
    p->steps = rs__grow(r->arena, p->steps, &p->step_capacity, sizeof *p->steps);
    if (p->steps == NULL) return rs_arena_failed(r->arena, r->diag);
  }
  rs__ms_step *step = &p->steps[p->step_count];
  *step = (rs__ms_step){.block = p->block_count - 1};
  rs_status status = take_step(r, block->count, step);
  if (status != RS_OK) return status;
  if (rs__ms_sends(step->type) && block->send == RS_NONE) {
    return rs_xml_refuse(&r->xml, r->diag, "it sends, and its threadblock has no peer to send to");
  }
  if (rs__ms_receives(step->type) && block->recv == RS_NONE) {
    return rs_xml_refuse(&r->xml, r->diag,
                         "it receives, and its threadblock has no peer to receive from");
  }
  block->count++;
  p->step_count++;
  return RS_OK;
}

static rs_status add_block(reader *r, uint32_t gpu) {
  rs_msccl *p = r->program;
  if (p->block_count == p->block_capacity) {
    p->blocks = rs__grow(r->arena, p->blocks, &p->block_capacity, sizeof *p->blocks);
    if (p->blocks == NULL) return rs_arena_failed(r->arena, r->diag);
  }
  if (p->block_count == STEPS_MAX) {
    return rs_diag_set(r->diag, RS_E_LIMIT, "more than %u threadblocks", STEPS_MAX);
  }
  rs__ms_block *block = &p->blocks[p->block_count];
  *block = (rs__ms_block){.gpu = gpu, .first = p->step_count, .line = r->xml.event_line};
  uint32_t id, due = p->block_count - p->first_block[gpu];
  rs_status status = take_number(r, "id", 0, STEPS_MAX, &id);
  if (status == RS_OK && id != due) {
    return rs_xml_refuse(&r->xml, r->diag, "threadblock %u stands where %u is due", id, due);
  }
  if (status == RS_OK) status = take_number(r, "send", -1, p->gpu_count - 1, &block->send);
  if (status == RS_OK) status = take_number(r, "recv", -1, p->gpu_count - 1, &block->recv);
  if (status == RS_OK) status = take_optional(r, "chan", 0, CHANNELS_MAX, 0, &block->channel);
  if (status != RS_OK) return status;
  if (block->send == gpu || block->recv == gpu) {
    return rs_xml_refuse(&r->xml, r->diag, "GPU %u is a peer of itself", gpu);
  }
  p->block_count++;
  return RS_OK;
}

/* GPUs come in order, so that the blocks of each stand together. */
static rs_status begin_gpu(reader *r, uint32_t due, uint32_t *gpu) {
  rs_msccl *p = r->program;
  uint32_t scratch;
  rs_status status = take_number(r, "id", 0, p->gpu_count - 1, gpu);
  if (status == RS_OK && *gpu != due) {
    return rs_xml_refuse(&r->xml, r->diag, "GPU %u stands where GPU %u is due", *gpu, due);
  }
  if (status == RS_OK) status = take_optional(r, "s_chunks", 0, CHUNKS_MAX, 0, &scratch);
  if (status != RS_OK) return status;
  p->scratch_chunks = scratch; /* of this one, while its steps are read */
  p->first_block[*gpu] = p->block_count;
  return RS_OK;
}

/* One element opens at a depth: 1 algo, 2 gpu, 3 tb, 4 step. */
static rs_status open_element(reader *r, uint32_t *gpus, uint32_t *scratch_most) {
  static const char *const names[] = {"algo", "gpu", "tb", "step"};
  int level = r->xml.depth - 1;
  if (level >= (int)RS_COUNT_OF(names) || !rs_slice_is(r->xml.name, names[level])) {
    return rs_xml_refuse(&r->xml, r->diag, "<%.*s> where <%s> was expected",
                         (int)RS_MIN(r->xml.name.length, 20), r->xml.name.bytes,
                         level < (int)RS_COUNT_OF(names) ? names[level] : "/step");
  }
  uint32_t gpu;
  rs_status status;
  switch (level) {
    case 0:
      if (r->seen != NULL) return rs_xml_refuse(&r->xml, r->diag, "a second <algo>");
      return read_algo(r);
    case 1:
      if (*gpus == r->program->gpu_count) {
        return rs_xml_refuse(&r->xml, r->diag, "more than %u GPUs", *gpus);
      }
      status = begin_gpu(r, *gpus, &gpu);
      if (status == RS_OK) ++*gpus;
      *scratch_most = RS_MAX(*scratch_most, r->program->scratch_chunks);
      return status;
    case 2:
      return add_block(r, *gpus - 1);
    default:
      return add_step(r);
  }
}

static bool is_blank(rs_slice text) {
  for (size_t i = 0; i < text.length; i++) {
    if (strchr(" \t\r\n", text.bytes[i]) == NULL || text.bytes[i] == '\0') return false;
  }
  return true;
}

static rs_status read_elements(reader *r) {
  uint32_t gpus = 0, scratch_most = 0;
  rs_xml_event event;
  for (;;) {
    rs_status status = rs_xml_next(&r->xml, &event, r->diag);
    if (status == RS_OK && event == RS_XML_OPEN) status = open_element(r, &gpus, &scratch_most);
    if (status == RS_OK && event == RS_XML_TEXT && !is_blank(r->xml.text)) {
      status = rs_xml_refuse(&r->xml, r->diag, "text between the elements");
    }
    if (status != RS_OK) return status;
    if (event == RS_XML_END) break;
  }
  if (r->seen == NULL) return rs_xml_refuse(&r->xml, r->diag, "there is no <algo>");
  if (gpus != r->program->gpu_count) {
    return rs_xml_refuse(&r->xml, r->diag, "%u GPUs of the %u that ngpus says", gpus,
                         r->program->gpu_count);
  }
  r->program->scratch_chunks = scratch_most;
  r->program->first_block[gpus] = r->program->block_count;
  return RS_OK;
}

/* ---- the whole ---- */

/* depid and deps become a step, which must be one of the same GPU. */
static rs_status resolve_waits(rs_msccl *p, rs_diag *diag) {
  for (uint32_t i = 0; i < p->step_count; i++) {
    rs__ms_step *step = &p->steps[i];
    uint32_t id = step->before, index = step->peer;
    step->peer = RS_NONE;
    if (id == RS_NONE) continue;
    uint32_t gpu = p->blocks[step->block].gpu;
    uint32_t count = p->first_block[gpu + 1] - p->first_block[gpu];
    const rs__ms_block *block = id < count ? &p->blocks[p->first_block[gpu] + id] : NULL;
    if (block == NULL || index >= block->count) {
      return rs__ms_refuse(p, step->line, diag,
                           "it waits for step %u of threadblock %u, which GPU %u has not", index,
                           id, gpu);
    }
    step->before = block->first + index;
  }
  return RS_OK;
}

/* A program that never names its output works in its input. */
static void find_in_place(rs_msccl *p) {
  bool names_output = false;
  for (uint32_t i = 0; i < p->step_count; i++) {
    const rs__ms_step *step = &p->steps[i];
    bool has_source = step->type != RS__MS_RECV && step->type != RS__MS_RECV_COPY_SEND;
    bool has_target = step->type != RS__MS_SEND && step->type != RS__MS_RECV_REDUCE_SEND;
    if (step->type == RS__MS_NOP) continue;
    names_output = names_output || (has_source && step->source.buffer == RS__MS_OUTPUT) ||
                   (has_target && step->target.buffer == RS__MS_OUTPUT);
  }
  p->in_place = p->in_place || !names_output;
}

rs_status rs_msccl_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                         const rs_msccl **program, rs_diag *diag) {
  rs_diag own;
  reader r = {.arena = arena, .program = RS_ARENA_NEW(arena, rs_msccl, 1)};
  r.diag = diag == NULL ? &own : diag;
  if (r.program == NULL) return rs_arena_failed(arena, diag);
  r.program->file = file;
  rs_xml_init(&r.xml, text, length);
  rs_status status = read_elements(&r);
  if (status == RS_OK) status = resolve_waits(r.program, r.diag);
  if (status == RS_OK) find_in_place(r.program);
  if (status == RS_OK) status = rs__ms_order(arena, r.program, r.diag);
  if (status != RS_OK) rs_diag_at(r.diag, file, r.diag->line, r.diag->column);
  if (status == RS_OK) *program = r.program;
  return status;
}

rs_collective_kind rs_msccl_kind(const rs_msccl *program) {
  return program->kind;
}

const char *rs_msccl_name(const rs_msccl *program) {
  return program->name;
}

uint32_t rs_msccl_gpu_count(const rs_msccl *program) {
  return program->gpu_count;
}
