/* Groups of chips from a command line: lists, cuts of a list, pairs and permutations by name. */
#include <stdlib.h>
#include <string.h>

#include "rs__cmd_compile.h"
#include "rs_random.h"
#include "rs_units.h"

typedef struct group {
  uint32_t *chips;
  uint32_t count;
} group;

static bool has_root(rs_collective_kind kind) {
  return kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
}

static rs_status chips_of(rs_arena *arena, const char *option, const char *text,
                          const rs_wiring *wiring, uint32_t **chips, uint32_t *count,
                          rs_diag *diag) {
  int64_t *numbers;
  size_t number_count;
  rs_status status = rs_cli_parse_list(arena, text, &numbers, &number_count, diag);
  if (status != RS_OK) return status;
  *chips = RS_ARENA_NEW(arena, uint32_t, number_count);
  if (*chips == NULL) return rs_arena_failed(arena, diag);
  for (size_t i = 0; i < number_count; i++) {
    if (numbers[i] >= wiring->chip_count) {
      rs_diag_set(diag, RS_E_INPUT, "--%s: there is no chip %lld", option, (long long)numbers[i]);
      rs_diag_expect(diag, "chips 0 to %u", wiring->chip_count - 1);
      return RS_E_INPUT;
    }
    (*chips)[i] = (uint32_t)numbers[i];
  }
  *count = (uint32_t)number_count;
  return RS_OK;
}

/* "3>5" at *text, which moves behind it. */
static bool parse_pair(const char **text, uint32_t chips, uint32_t pair[2]) {
  for (int i = 0; i < 2; i++) {
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 9) return false;
    pair[i] = (uint32_t)strtoul(*text, NULL, 10);
    *text += digits;
    if (pair[i] >= chips || (i == 0 && *(*text)++ != '>')) return false;
  }
  return **text == ',' || **text == '\0';
}

static rs_status list_pairs(const char *text, uint32_t chips, uint32_t *pairs, uint32_t *count,
                            rs_diag *diag) {
  const char *at = text;
  *count = 0;
  do {
    const char *start = at;
    if (*count < 2 * chips && parse_pair(&at, chips, pairs + *count)) {
      *count += 2;
      continue;
    }
    rs_diag_set(diag, RS_E_INPUT, "'%.40s' is not a pair of chips, or one too many", start);
    rs_diag_expect(diag, "0>1,1>0 with chips 0 to %u, or shift:1, reverse, random:SEED", chips - 1);
    rs_diag_at(diag, "--pairs", 1, (int)RS_MIN(start - text, 1 << 20) + 1);
    return RS_E_INPUT;
  } while (*at++ == ',');
  return RS_OK;
}

/* Permutations by name; a chip that would send to itself sends nothing. */
static bool name_pairs(const char *text, uint32_t chips, uint32_t *pairs, uint32_t *count) {
  const char *number = strchr(text, ':');
  int64_t value = 0;
  bool has_number = number != NULL &&
                    rs_quantity_parse(number + 1, RS_QUANTITY_COUNT, &value, NULL) == RS_OK &&
                    value >= 0;
  bool is_shift = strncmp(text, "shift:", 6) == 0 && has_number;
  bool is_random = strncmp(text, "random:", 7) == 0 && has_number;
  bool is_reverse = strcmp(text, "reverse") == 0;
  if (!is_shift && !is_random && !is_reverse) return false;
  rs_random random;
  uint32_t *to = pairs + (size_t)2 * chips;
  rs_random_init(&random, (uint64_t)value, 0);
  for (uint32_t i = 0; i < chips; i++) {
    to[i] = is_reverse ? chips - 1 - i : i;
    if (is_shift) to[i] = (uint32_t)((i + (uint64_t)value) % chips);
    uint32_t other = (uint32_t)rs_random_below(&random, i + 1);
    if (!is_random) continue;
    to[i] = to[other];
    to[other] = i;
  }
  *count = 0;
  for (uint32_t i = 0; i < chips; i++) {
    if (to[i] == i) continue;
    pairs[(*count)++] = i;
    pairs[(*count)++] = to[i];
  }
  return true;
}

static rs_status read_pairs(const rs_arguments *arguments, const char *text,
                            const rs__collective *first, rs__compile_jobs *all, rs_diag *diag) {
  uint32_t chips = first->wiring->chip_count;
  uint32_t *pairs = RS_ARENA_NEW(arguments->arena, uint32_t, (size_t)chips * 3);
  *all = (rs__compile_jobs){.items = RS_ARENA_NEW(arguments->arena, rs__collective, 1), .count = 1};
  if (pairs == NULL || all->items == NULL) return rs_arena_failed(arguments->arena, diag);
  all->items[0] = *first;
  rs_collective_request *request = &all->items[0].request;
  request->chips = pairs;
  request->root = RS_NONE;
  if (request->kind != RS_SEND) {
    return rs_diag_set(diag, RS_E_INPUT, "--pairs: only send is between pairs");
  }
  if (rs_arguments_value(arguments, "chips") != NULL ||
      rs_arguments_value(arguments, "groups") != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--pairs says who sends, --chips and --groups do not");
  }
  if (!name_pairs(text, chips, pairs, &request->chip_count)) {
    return list_pairs(text, chips, pairs, &request->chip_count, diag);
  }
  if (request->chip_count > 0) return RS_OK;
  return rs_diag_set(diag, RS_E_INPUT, "--pairs: in '%.40s' every chip sends to itself", text);
}

static rs_status read_root(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  const char *root = rs_arguments_value(arguments, "root");
  rs_collective_request *request = &j->request;
  uint32_t *roots;
  uint32_t count;
  request->root = has_root(request->kind) ? request->chips[0] : RS_NONE;
  if (root == NULL) return RS_OK;
  if (!has_root(request->kind)) {
    return rs_diag_set(diag, RS_E_INPUT, "--root: a collective of this kind has no root");
  }
  rs_status status = chips_of(arguments->arena, "root", root, j->wiring, &roots, &count, diag);
  if (status == RS_OK && count != 1) {
    status = rs_diag_set(diag, RS_E_INPUT, "--root: '%s' is not one chip", root);
  }
  if (status == RS_OK) request->root = roots[0];
  return status;
}

/* ---- groups ---- */

/* A group a --chips, or all chips. */
static rs_status read_lists(const rs_arguments *arguments, const rs__collective *j, group **groups,
                            size_t *count, rs_diag *diag) {
  const char *const *lists;
  size_t given = rs_arguments_values(arguments, "chips", &lists);
  rs_arena *arena = arguments->arena;
  rs_status status = RS_OK;
  *count = RS_MAX(given, (size_t)1);
  *groups = RS_ARENA_NEW(arena, group, *count);
  if (*groups == NULL) return rs_arena_failed(arena, diag);
  if (given == 0) {
    return rs_wiring_working(arena, j->wiring, &(*groups)[0].chips, &(*groups)[0].count, diag);
  }
  for (size_t i = 0; i < given && status == RS_OK; i++) {
    group *g = &(*groups)[i];
    status = chips_of(arena, "chips", lists[i], j->wiring, &g->chips, &g->count, diag);
  }
  return status;
}

/* --groups: the one list, cut. */
static rs_status cut_list(const rs_arguments *arguments, group **groups, size_t *count,
                          rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, "groups");
  const group whole = (*groups)[0];
  int64_t size;
  if (text == NULL) return RS_OK;
  if (rs_quantity_parse(text, RS_QUANTITY_COUNT, &size, diag) != RS_OK || size < 1 ||
      size > whole.count || whole.count % size != 0) {
    rs_diag_set(diag, RS_E_INPUT, "--groups: %u chips are not groups of '%s'", whole.count, text);
    rs_diag_expect(diag, "a size that divides %u", whole.count);
    return RS_E_INPUT;
  }
  if (*count != 1) return rs_diag_set(diag, RS_E_INPUT, "--groups cuts one list of --chips");
  *count = whole.count / (size_t)size;
  *groups = RS_ARENA_NEW(arguments->arena, group, *count);
  if (*groups == NULL) return rs_arena_failed(arguments->arena, diag);
  for (size_t i = 0; i < *count; i++) {
    (*groups)[i] = (group){whole.chips + i * (size_t)size, (uint32_t)size};
  }
  return RS_OK;
}

/* One request a group, alike but for the chips. */
rs_status rs__compile_read_groups(const rs_arguments *arguments, const rs__collective *first,
                                  rs__compile_jobs *all, rs_diag *diag) {
  const char *pairs = rs_arguments_value(arguments, "pairs");
  group *groups;
  size_t count;
  if (pairs != NULL) return read_pairs(arguments, pairs, first, all, diag);
  rs_status status = read_lists(arguments, first, &groups, &count, diag);
  if (status == RS_OK) status = cut_list(arguments, &groups, &count, diag);
  if (status != RS_OK) return status;
  *all = (rs__compile_jobs){.items = RS_ARENA_NEW(arguments->arena, rs__collective, count),
                            .count = count};
  if (all->items == NULL) return rs_arena_failed(arguments->arena, diag);
  for (size_t i = 0; i < count && status == RS_OK; i++) {
    all->items[i] = *first;
    all->items[i].is_one_of_many = count > 1;
    all->items[i].request.chips = groups[i].chips;
    all->items[i].request.chip_count = groups[i].count;
    status = read_root(arguments, &all->items[i], diag);
  }
  return status;
}
