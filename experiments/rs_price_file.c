/* Reading a price table: two mappings, each with its keys in a table. */
#include "rs_price_file.h"

#include <stdio.h>
#include <string.h>

#include "rs_text.h"
#include "rs_yaml.h"

#define PRICE_ROWS_MAX 1000

typedef struct reader {
  rs_arena *arena;
  const char *file;
  rs_diag *diag;
} reader;

typedef struct figure {
  const char *name;
  double *value;
  bool is_there;
} figure;

static rs_status refuse_at(const reader *r, int line, int column) {
  rs_diag_at(r->diag, r->file, line, column);
  return RS_E_INPUT;
}

/* Digits with at most one point, no exponent; read as a whole number over a power of ten. */
static bool parse_figure(const char *text, double *value) {
  double number = 0, scale = 1;
  int digits = 0;
  bool has_point = false;
  for (; *text != '\0'; text++) {
    if (*text == '.' && !has_point && digits > 0) {
      has_point = true;
      continue;
    }
    if (*text < '0' || *text > '9' || ++digits > 15) return false;
    number = number * 10 + (*text - '0');
    if (has_point) scale *= 10;
  }
  *value = number / scale;
  return digits > 0;
}

/* One item of a mapping as one of its figures. */
static rs_status read_figure(const reader *r, const rs_yaml_item *item, figure *figures,
                             size_t count) {
  const char *names[8];
  for (size_t i = 0; i < count; i++) {
    names[i] = figures[i].name;
    if (strcmp(item->key, names[i]) != 0) continue;
    figures[i].is_there = true;
    const rs_yaml_node *v = item->value;
    if (v->kind == RS_YAML_SCALAR && !v->is_quoted && parse_figure(v->text, figures[i].value)) {
      return RS_OK;
    }
    rs_diag_set(r->diag, RS_E_INPUT, "'%s' is not a figure", item->key);
    rs_diag_expect(r->diag, "a number such as 0.25");
    return refuse_at(r, v->line, v->column);
  }
  rs_diag_set(r->diag, RS_E_INPUT, "a price table has no key '%.60s' here", item->key);
  rs_diag_suggest(r->diag, rs_nearest_word(item->key, names, count));
  return refuse_at(r, item->line, item->column);
}

static rs_status read_chip(const reader *r, const rs_yaml_item *item, const rs_price *common,
                           rs_price_row *row) {
  *row = (rs_price_row){.chip = item->key, .price = *common};
  figure figures[] = {{"chip_hour", &row->price.chip_hour, false},
                      {"capital", &row->price.capital, false},
                      {"years", &row->price.years, false}};
  if (item->value->kind != RS_YAML_MAPPING) {
    rs_diag_set(r->diag, RS_E_INPUT, "the price of '%.60s' is not a mapping", item->key);
    rs_diag_expect(r->diag, "such as {chip_hour: 2.50}");
    return refuse_at(r, item->value->line, item->value->column);
  }
  for (size_t i = 0; i < item->value->item_count; i++) {
    rs_status status = read_figure(r, &item->value->items[i], figures, RS_COUNT_OF(figures));
    if (status != RS_OK) return status;
  }
  rs_status status = rs_price_check(&row->price, r->diag);
  return status == RS_OK ? RS_OK : refuse_at(r, item->line, item->column);
}

static rs_status read_chips(const reader *r, const rs_yaml_node *chips, const rs_price *common,
                            rs_price_table *table) {
  if (chips->kind != RS_YAML_MAPPING || chips->item_count == 0 ||
      chips->item_count > PRICE_ROWS_MAX) {
    rs_diag_set(r->diag, RS_E_INPUT, "'chips' is not a mapping of 1 to %d chips", PRICE_ROWS_MAX);
    rs_diag_expect(r->diag, "such as h100: {chip_hour: 2.50}");
    return refuse_at(r, chips->line, chips->column);
  }
  rs_price_row *rows = RS_ARENA_NEW(r->arena, rs_price_row, chips->item_count);
  if (rows == NULL) return rs_arena_failed(r->arena, r->diag);
  for (size_t i = 0; i < chips->item_count; i++) {
    rs_status status = read_chip(r, &chips->items[i], common, &rows[i]);
    if (status != RS_OK) return status;
  }
  table->rows = rows;
  table->row_count = chips->item_count;
  return RS_OK;
}

static rs_status read_currency(const reader *r, const rs_yaml_node *value, rs_price_table *table) {
  if (value->kind == RS_YAML_SCALAR && value->text[0] != '\0' && strlen(value->text) <= 8) {
    table->currency = value->text;
    return RS_OK;
  }
  rs_diag_set(r->diag, RS_E_INPUT, "'currency' is not a word of at most 8 letters");
  rs_diag_expect(r->diag, "such as USD");
  return refuse_at(r, value->line, value->column);
}

static rs_status read_table(const reader *r, const rs_yaml_node *root, rs_price_table *table) {
  rs_price common = {0};
  figure figures[] = {{"power_kwh", &common.power_kwh, false},
                      {"overhead", &common.overhead, false},
                      {"utilisation", &common.utilisation, false}};
  const rs_yaml_node *chips = NULL;
  rs_status status = RS_OK;
  for (size_t i = 0; i < root->item_count && status == RS_OK; i++) {
    const rs_yaml_item *item = &root->items[i];
    if (strcmp(item->key, "chips") == 0) {
      chips = item->value;
    } else if (strcmp(item->key, "currency") == 0) {
      status = read_currency(r, item->value, table);
    } else {
      status = read_figure(r, item, figures, RS_COUNT_OF(figures));
    }
  }
  if (status != RS_OK) return status;
  const char *missing = chips == NULL ? "chips" : table->currency == NULL ? "currency" : NULL;
  for (size_t i = 0; i < RS_COUNT_OF(figures) && missing == NULL; i++) {
    if (!figures[i].is_there) missing = figures[i].name;
  }
  if (missing == NULL) return read_chips(r, chips, &common, table);
  rs_diag_set(r->diag, RS_E_INPUT, "the key '%s' is missing", missing);
  rs_diag_expect(r->diag, "currency, power_kwh, overhead, utilisation and chips");
  return refuse_at(r, root->line, root->column);
}

rs_status rs_price_table_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                               rs_price_table *table, rs_diag *diag) {
  const rs_yaml_node *root;
  const reader r = {arena, file, diag};
  *table = (rs_price_table){0};
  rs_status status = rs_yaml_parse(arena, file, text, length, &root, diag);
  return status == RS_OK ? read_table(&r, root, table) : status;
}

const rs_price *rs_price_table_find(const rs_price_table *table, const char *chip) {
  for (size_t i = 0; i < table->row_count; i++) {
    if (strcmp(table->rows[i].chip, chip) == 0) return &table->rows[i].price;
  }
  return NULL;
}
