/*
 * The memory of vector fidelity: a word for every vector of every buffer that a schedule touches,
 * and its results by definition.
 *
 * Every e(chip, address) is a random word of its own, drawn by hashing, so that nothing needs to be
 * kept to know it again. Sums are taken modulo 2^64: a contribution that is missing, double or
 * foreign changes a sum but for a chance of 2^−64 a vector.
 *
 * A bank is found by hashing (operation, chip) once a burst, before the clock runs.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__player.h"
#include "rs_random.h"

#define MEMORY_BYTES_DEFAULT ((size_t)4 << 30)

static uint64_t symbol(const rs__memory *m, uint32_t op, uint32_t chip, int64_t address) {
  uint64_t mixed = rs_mix_u64(m->seed ^ rs_mix_u64((uint64_t)op << 32 | chip));
  return rs_mix_u64(mixed + (uint64_t)address);
}

/* ---- banks ---- */

static uint32_t *find_slot(const rs__memory *m, uint32_t op, uint32_t chip) {
  uint32_t mask = m->slot_count - 1;
  uint32_t at = (uint32_t)rs_mix_u64((uint64_t)op << 32 | chip) & mask;
  for (; m->slots[at] != 0; at = (at + 1) & mask) {
    const rs__words_bank *bank = &m->banks[m->slots[at] - 1];
    if (bank->op == op && bank->chip == chip) break;
  }
  return &m->slots[at];
}

static bool grow_banks(rs__memory *m) {
  if (m->bank_count < m->bank_capacity) return true;
  if (m->bank_capacity > UINT32_MAX / 8) return false;
  uint32_t capacity = RS_MAX(2 * m->bank_capacity, UINT32_C(256));
  rs__words_bank *banks = realloc(m->banks, capacity * sizeof *banks);
  if (banks == NULL) return false;
  m->banks = banks;
  m->bank_capacity = capacity;
  uint32_t *slots = calloc((size_t)2 * capacity, sizeof *slots);
  if (slots == NULL) return false;
  free(m->slots);
  m->slots = slots;
  m->slot_count = 2 * capacity;
  for (uint32_t i = 0; i < m->bank_count; i++) {
    *find_slot(m, banks[i].op, banks[i].chip) = i + 1;
  }
  return true;
}

/* The bank of an operation on a chip, made if need be; RS_NONE: no memory. */
static uint32_t bank_of(rs__memory *m, uint32_t op, uint32_t chip) {
  if (!grow_banks(m)) return RS_NONE;
  uint32_t *slot = find_slot(m, op, chip);
  if (*slot != 0) return *slot - 1;
  m->banks[m->bank_count] = (rs__words_bank){.op = op, .chip = chip, .feeder = UINT64_MAX};
  *slot = ++m->bank_count;
  return m->bank_count - 1;
}

/* Where a buffer begins in its bank. */
static int64_t buffer_first(const rs_op *op, uint8_t buffer) {
  if (buffer == RS_BUFFER_IN) return 0;
  int64_t in = rs_op_in_vectors(op);
  return buffer == RS_BUFFER_OUT ? in : in + rs_op_out_vectors(op);
}

static int64_t bank_words(const rs_op *op) {
  return rs_op_in_vectors(op) + rs_op_out_vectors(op) + op->tmp_vectors;
}

static rs__word *word_of(const rs__memory *m, uint32_t bank, uint8_t buffer, int64_t address) {
  const rs__words_bank *b = &m->banks[bank];
  int64_t first = buffer_first(&m->schedule->ops[b->op], buffer);
  return &m->words[b->first + (size_t)(first + address)];
}

/* Banks for members and for the ends of bursts, and which compute intervals feed them. */
static rs_status make_banks(rs__memory *m) {
  const rs_schedule *s = m->schedule;
  for (uint32_t op = 0; op < s->op_count; op++) {
    for (uint32_t i = 0; i < s->ops[op].group_count; i++) {
      if (bank_of(m, op, s->group_chips[s->ops[op].group_first + i]) == RS_NONE) {
        return rs_arena_failed(NULL, m->diag);
      }
    }
  }
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_link *link = &m->wiring->links[s->bursts[i].link];
    uint32_t from = bank_of(m, s->bursts[i].op, link->from);
    uint32_t to = bank_of(m, s->bursts[i].op, link->to);
    if (from == RS_NONE || to == RS_NONE) return rs_arena_failed(NULL, m->diag);
    m->source_first[i] = from; /* for now the bank; the word when banks have places */
    m->target_first[i] = to;
  }
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *c = &s->computes[i];
    if (c->writes_op == RS_NONE) continue;
    uint32_t bank = bank_of(m, c->writes_op, c->chip);
    if (bank == RS_NONE) return rs_arena_failed(NULL, m->diag);
    if (m->banks[bank].feeder != UINT64_MAX) {
      return rs_diag_set(m->diag, RS_E_REFUSED,
                         "chip %u, cycle %lld: '%s' makes the input of operation %u, which another "
                         "interval makes too",
                         c->chip, (long long)c->start_cycles, s->labels[c->label], c->writes_op);
    }
    m->banks[bank].feeder = i;
  }
  return RS_OK;
}

/* Gives banks their places. RS_E_LIMIT when that is too much. */
static rs_status place_banks(rs__memory *m, size_t limit_bytes) {
  rs_uint128 total = 0;
  for (uint32_t i = 0; i < m->bank_count; i++) {
    m->banks[i].first = (size_t)total;
    total = total + (uint64_t)bank_words(&m->schedule->ops[m->banks[i].op]);
  }
  rs_uint128 bytes = total * sizeof *m->words;
  if (bytes > limit_bytes) {
    rs_uint128 mib = RS_MIN((bytes >> 20) + 1, (rs_uint128)UINT64_MAX);
    return rs_diag_set(m->diag, RS_E_LIMIT,
                       "vector fidelity needs %llu MiB for its words and may take %zu",
                       (unsigned long long)mib, limit_bytes >> 20);
  }
  m->words = malloc((size_t)bytes + 1);
  if (m->words == NULL) return rs_arena_failed(NULL, m->diag);
  for (size_t i = 0; i < (size_t)total; i++) m->words[i] = (rs__word){0, -1, -1, -1};
  return RS_OK;
}

static void place_bursts(rs__memory *m) {
  const rs_schedule *s = m->schedule;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    const rs__word *source = word_of(m, (uint32_t)m->source_first[i], b->source, b->source_offset);
    const rs__word *target = word_of(m, (uint32_t)m->target_first[i], b->target, b->target_offset);
    m->source_first[i] = (size_t)(source - m->words);
    m->target_first[i] = (size_t)(target - m->words);
  }
}

/* ---- memory at the start ---- */

/* When vector k of a member's input is in SRAM: READY in rs_schedule.h. */
static int64_t input_ready(const rs__memory *m, const rs__words_bank *bank, int64_t k) {
  const rs_op *op = &m->schedule->ops[bank->op];
  if (bank->feeder == UINT64_MAX) return op->ready_cycles;
  const rs_compute *c = &m->schedule->computes[bank->feeder];
  int64_t n = rs_op_in_vectors(op);
  if (n == 1) return c->start_cycles + c->cycles;
  int64_t profile = rs_mul_ceil_div_i64(k, c->cycles - c->first_cycles, n - 1);
  return c->start_cycles + c->first_cycles + profile;
}

static bool has_input(const rs_op *op, uint32_t chip, uint32_t position) {
  if (op->kind == RS_BROADCAST || op->kind == RS_SCATTER) return chip == op->root;
  return op->kind != RS_SEND || position % 2 == 0;
}

/* Which part of `in` stands in `out` at the start: from in[*from] on, *count words, at out[*to]. */
static void own_part(const rs_op *op, uint32_t chip, int64_t position, int64_t *from, int64_t *to,
                     int64_t *count) {
  int64_t b = op->block_vectors;
  *from = *to = *count = 0;
  switch (op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE:
    case RS_REDUCE_SCATTER:
    case RS_BROADCAST:
    case RS_SCATTER: /* of the last two only the root has an input */
      *count = rs_op_in_vectors(op);
      return;
    case RS_ALL_GATHER:
      *to = position * b;
      *count = b;
      return;
    case RS_GATHER:
      *to = position * b;
      *count = chip == op->root ? b : 0;
      return;
    case RS_ALL_TO_ALL:
      *from = *to = position * b;
      *count = b;
      return;
    case RS_SEND:
    case RS_COLLECTIVE_KIND_COUNT:
      return;
  }
}

static void fill_member(rs__memory *m, uint32_t op_index, uint32_t position) {
  const rs_schedule *s = m->schedule;
  const rs_op *op = &s->ops[op_index];
  uint32_t chip = s->group_chips[op->group_first + position];
  int64_t from, to, count;
  if (!has_input(op, chip, position)) return;
  uint32_t bank = bank_of(m, op_index, chip);
  own_part(op, chip, position, &from, &to, &count);
  for (int64_t k = 0; k < rs_op_in_vectors(op); k++) {
    int64_t ready = input_ready(m, &m->banks[bank], k);
    rs__word word = {symbol(m, op_index, chip, k), ready + s->timing.send_cycles, ready, ready};
    *word_of(m, bank, RS_BUFFER_IN, k) = word;
    if (k >= from && k < from + count) *word_of(m, bank, RS_BUFFER_OUT, to + k - from) = word;
  }
}

rs_status rs__memory_init(rs__memory *m, const rs__player *player) {
  const rs_schedule *s = player->schedule;
  size_t limit = player->options->memory_limit_bytes;
  *m = (rs__memory){.schedule = s,
                    .wiring = player->wiring,
                    .diag = player->diag,
                    .seed = rs_mix_u64(player->options->seed)};
  m->source_first = malloc((s->burst_count + 1) * sizeof *m->source_first);
  m->target_first = malloc((s->burst_count + 1) * sizeof *m->target_first);
  if (m->source_first == NULL || m->target_first == NULL) return rs_arena_failed(NULL, m->diag);
  rs_status status = make_banks(m);
  if (status == RS_OK) status = place_banks(m, limit == 0 ? MEMORY_BYTES_DEFAULT : limit);
  if (status != RS_OK) return status;
  place_bursts(m);
  for (uint32_t op = 0; op < s->op_count; op++) {
    for (uint32_t i = 0; i < s->ops[op].group_count; i++) fill_member(m, op, i);
  }
  return RS_OK;
}

void rs__memory_deinit(rs__memory *m) {
  free(m->words);
  free(m->banks);
  free(m->slots);
  free(m->source_first);
  free(m->target_first);
}

/* ---- memory at the end ---- */

/* Where a member's result lies in `out`: [*first, *end). */
static void result_range(const rs_op *op, bool is_root, uint32_t position, int64_t *first,
                         int64_t *end) {
  int64_t b = op->block_vectors;
  bool is_asked = true;
  *first = 0;
  switch (op->kind) {
    case RS_REDUCE_SCATTER:
    case RS_SCATTER:
      *first = position * b;
      *end = *first + b;
      return;
    case RS_REDUCE:
    case RS_GATHER:
      is_asked = is_root;
      break;
    case RS_SEND:
      is_asked = position % 2 == 1;
      break;
    case RS_ALL_REDUCE:
    case RS_ALL_GATHER:
    case RS_BROADCAST:
    case RS_ALL_TO_ALL:
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
  *end = is_asked ? rs_op_out_vectors(op) : 0;
}

static bool is_sum(rs_collective_kind kind) {
  return kind == RS_ALL_REDUCE || kind == RS_REDUCE_SCATTER || kind == RS_REDUCE;
}

static uint64_t sum_of(const rs__memory *m, uint32_t op_index, int64_t address) {
  const rs_op *op = &m->schedule->ops[op_index];
  uint64_t sum = 0;
  for (uint32_t j = 0; j < op->group_count; j++) {
    sum += symbol(m, op_index, m->schedule->group_chips[op->group_first + j], address);
  }
  return sum;
}

/* What out[address] must be where the kind does not ask for a sum. */
static uint64_t copy_of(const rs__memory *m, uint32_t op_index, uint32_t position,
                        int64_t address) {
  const rs_op *op = &m->schedule->ops[op_index];
  const uint32_t *group = m->schedule->group_chips + op->group_first;
  int64_t b = op->block_vectors;
  switch (op->kind) {
    case RS_ALL_GATHER:
    case RS_GATHER:
      return symbol(m, op_index, group[address / b], address % b);
    case RS_ALL_TO_ALL:
      return symbol(m, op_index, group[address / b], position * b + address % b);
    case RS_SEND:
      return symbol(m, op_index, group[position - 1], address);
    default: /* broadcast and scatter */
      return symbol(m, op_index, op->root, address);
  }
}

/* By address and then by member, so that a sum is taken once for all who must have it. */
rs_status rs__memory_visit_results(rs__memory *m, uint32_t op_index, uint32_t only_chip,
                                   rs__memory_visit *visit, void *context) {
  const rs_op *op = &m->schedule->ops[op_index];
  const uint32_t *group = m->schedule->group_chips + op->group_first;
  for (int64_t address = 0; address < rs_op_out_vectors(op); address++) {
    uint64_t sum = is_sum(op->kind) ? sum_of(m, op_index, address) : 0;
    for (uint32_t i = 0; i < op->group_count; i++) {
      int64_t first, end;
      if (only_chip != RS_NONE && group[i] != only_chip) continue;
      result_range(op, group[i] == op->root, i, &first, &end);
      if (address < first || address >= end) continue;
      uint64_t value = is_sum(op->kind) ? sum : copy_of(m, op_index, i, address);
      uint32_t bank = *find_slot(m, op_index, group[i]) - 1;
      const rs__word *word = word_of(m, bank, RS_BUFFER_OUT, address);
      rs_status status = visit(context, &m->banks[bank], address, word, value);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

static rs_status check_word(void *context, rs__words_bank *bank, int64_t address,
                            const rs__word *word, uint64_t value) {
  const rs__memory *m = context;
  bank->result_cycles = RS_MAX(bank->result_cycles, word->settled_cycles);
  if (rs__word_is(word, value)) return RS_OK;
  return rs_diag_set(m->diag, RS_E_REFUSED,
                     "chip %u, operation %u (%s): vector %lld of the result is %s", bank->chip,
                     bank->op, rs_collective_kind_word(m->schedule->ops[bank->op].kind),
                     (long long)address, word->departs_cycles < 0 ? "missing" : "wrong");
}

void rs__memory_spoil_input(rs__memory *m, uint32_t op_index, uint32_t chip) {
  const rs_schedule *s = m->schedule;
  const rs_op *op = &s->ops[op_index];
  int64_t from, to, count;
  for (uint32_t i = 0; i < op->group_count; i++) {
    if (s->group_chips[op->group_first + i] != chip || !has_input(op, chip, i)) continue;
    uint32_t bank = *find_slot(m, op_index, chip) - 1;
    own_part(op, chip, i, &from, &to, &count);
    for (int64_t k = 0; k < rs_op_in_vectors(op); k++) {
      uint64_t spoil = rs__memory_spoil_of(op_index, chip, k);
      word_of(m, bank, RS_BUFFER_IN, k)->value += spoil;
      if (k >= from && k < from + count) {
        word_of(m, bank, RS_BUFFER_OUT, to + k - from)->value += spoil;
      }
    }
  }
}

static rs_status check_compute(const rs__memory *m, const rs_compute *c) {
  if (c->reads_op == RS_NONE) return RS_OK;
  uint32_t slot = m->slots == NULL ? 0 : *find_slot(m, c->reads_op, c->chip);
  int64_t ready = slot == 0 ? 0 : m->banks[slot - 1].result_cycles;
  if (c->start_cycles >= ready) return RS_OK;
  return rs_diag_set(m->diag, RS_E_REFUSED,
                     "chip %u, cycle %lld: '%s' starts before the result of operation %u, which is "
                     "there at cycle %lld",
                     c->chip, (long long)c->start_cycles, m->schedule->labels[c->label],
                     c->reads_op, (long long)ready);
}

rs_status rs__memory_check_results(rs__memory *m) {
  rs_status status = RS_OK;
  for (uint32_t op = 0; op < m->schedule->op_count && status == RS_OK; op++) {
    status = rs__memory_visit_results(m, op, RS_NONE, check_word, m);
  }
  for (uint64_t i = 0; i < m->schedule->compute_count && status == RS_OK; i++) {
    status = check_compute(m, &m->schedule->computes[i]);
  }
  return status;
}
