/*
 * From a column's name to the words at an axis. Names carry their unit, so a few rules on endings do
 * for all columns; the few that read badly have a row of their own.
 */
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_math.h"

typedef struct axis_name {
  const char *column;
  const char *label;
} axis_name;

static const axis_name names[] = {
    {"batch", "sequences of a micro-batch"},
    {"context", "context (positions)"},
    {"tensor", "chips of a tensor group"},
    {"pipeline", "pipeline stages"},
    {"micro_batches", "micro-batches in flight"},
    {"concurrency", "sequences in flight"},
    {"bytes", "message (bytes)"},
    {"ppm", "oscillators within ± (ppm)"},
    {"safe_ppm", "safe by the formula (ppm)"},
    {"unsafe_share", "share of draws with a violation"},
    {"resync_cycles", "from one deskew to the next (cycles)"},
    {"offered_load", "offered load (share of capacity)"},
    {"accepted_load", "accepted load (share of capacity)"},
    {"tokens_per_s_user", "tokens/s of a user"},
    {"tokens_per_s_total", "tokens/s in all"},
    {"price_per_million_tokens", "price of a million tokens (the table's currency)"},
    {"energy_j_per_token", "energy of a token (J)"},
    {"energy_dynamic_j_per_token", "dynamic energy of a token (J)"},
    {"energy_static_j_per_token", "static energy of a token (J)"},
};

/* Words beside which the unit is chosen by size. */
static const axis_name words_of[] = {
    {"weight_bytes_total", "weights in all"},
    {"kv_bytes_total", "caches in all"},
    {"attention_s", "time in attention"},
    {"network_s", "time on the network"},
    {"first_token_s", "time to the first token"},
    {"token_latency_s", "time of a token"},
    {"sram_bytes_per_chip_max", "SRAM of the fullest chip"},
};

typedef struct unit {
  const char *name;
  double size;
} unit;

static const unit time_units[] = {{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}, {"ns", 1e-9}};
static const unit byte_units[] = {{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}};

/* The largest unit of which `most` is at least one; the smallest for 0. */
static const unit *choose_unit(const unit *units, size_t count, double most) {
  size_t i = 0;
  while (i + 1 < count && most < units[i].size) i++;
  return &units[i];
}

/* The name without its unit's word, blanks for underscores. */
static void put_words(const char *column, const char *without, char *text, size_t size) {
  size_t used = 0;
  size_t length = strlen(without);
  while (*column != '\0' && used + 1 < size) {
    if (length > 0 && strncmp(column, without, length) == 0 &&
        (column[length] == '\0' || column[length] == '_')) {
      column += length;
      continue;
    }
    text[used++] = *column == '_' ? ' ' : *column;
    column++;
  }
  text[used] = '\0';
  if (strncmp(text, "sram", 4) == 0) memcpy(text, "SRAM", 4);
  if (strncmp(text, "kv ", 3) == 0) memcpy(text, "KV", 2);
}

void rs__draw_axis(const char *column, double most, rs__axis_form *form) {
  char words[64];
  form->scale = 1;
  for (size_t i = 0; i < RS_COUNT_OF(names); i++) {
    if (strcmp(names[i].column, column) != 0) continue;
    snprintf(form->label, sizeof form->label, "%s", names[i].label);
    return;
  }
  const unit *chosen = NULL;
  if (rs_text_ends_with(column, "_bytes_per_s")) {
    chosen = choose_unit(byte_units, RS_COUNT_OF(byte_units), most);
    put_words(column, "_bytes_per_s", words, sizeof words);
    snprintf(form->label, sizeof form->label, "%s (%s/s)", words, chosen->name);
    form->scale = 1 / chosen->size;
    return;
  }
  if (rs_text_ends_with(column, "_s")) {
    chosen = choose_unit(time_units, RS_COUNT_OF(time_units), most);
    put_words(column, "_s", words, sizeof words);
  } else if (strstr(column, "_bytes") != NULL) {
    chosen = choose_unit(byte_units, RS_COUNT_OF(byte_units), most);
    put_words(column, "_bytes", words, sizeof words);
  } else if (rs_text_ends_with(column, "_share")) {
    put_words(column, "_share", words, sizeof words);
    snprintf(form->label, sizeof form->label, "share of %s in a token's time (%%)", words);
    form->scale = 100;
    return;
  } else if (strstr(column, "_cycles") != NULL) {
    put_words(column, "_cycles", words, sizeof words);
    snprintf(form->label, sizeof form->label, "%s (cycles)", words);
    return;
  } else {
    put_words(column, "", form->label, sizeof form->label);
    return;
  }
  for (size_t i = 0; i < RS_COUNT_OF(words_of); i++) {
    if (strcmp(words_of[i].column, column) == 0) {
      snprintf(words, sizeof words, "%s", words_of[i].label);
    }
  }
  snprintf(form->label, sizeof form->label, "%s (%s)", words, chosen->name);
  form->scale = 1 / chosen->size;
}
