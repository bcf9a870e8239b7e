/* Chip files: that what is compiled in is what a user's file gives, what is refused and where, and
 * seeded mutations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_chip_file.h"
#include "rs_random.h"
#include "rs_test.h"

#define TEXT_BYTES 16384

static rs_status parse(rs_arena *arena, const char *text, rs_chip_file *file, rs_diag *diag) {
  *diag = (rs_diag){0};
  return rs_chip_parse(arena, "c.json", text, strlen(text), file, diag);
}

static int make_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL;
}

static int drop_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

/* A chip's text with the first `old` replaced. */
static const char *changed(const char *chip, const char *old, const char *new, char *text) {
  const char *source = rs_chip_text(chip);
  const char *found = strstr(source, old);
  if (found == NULL) fail_msg("%s has no '%s'", chip, old);
  snprintf(text, TEXT_BYTES, "%.*s%s%s", (int)(found - source), source, new, found + strlen(old));
  return text;
}

/* ---- the catalogue ---- */

static void the_catalogue_is_what_its_files_say(void **state) {
  size_t count;
  const rs_chip *chips = rs_chip_catalogue(&count);
  assert_int_equal(count, 5);
  for (size_t i = 0; i < count; i++) {
    rs_chip_file file;
    rs_diag diag;
    assert_ok(parse(*state, rs_chip_text(chips[i].name), &file, &diag), &diag);
    assert_string_equal(file.chip.name, chips[i].name);
    assert_string_equal(file.chip.summary, chips[i].summary);
    assert_true(rs_chip_digest(&file.chip) == rs_chip_digest(&chips[i]));
    rs_chip compared = file.chip; /* every byte but the two texts, which were compared */
    compared.name = chips[i].name;
    compared.summary = chips[i].summary;
    assert_memory_equal(&compared.timing, &chips[i].timing, sizeof compared.timing);
    assert_memory_equal(&compared.ports, &chips[i].ports,
                        sizeof compared - offsetof(rs_chip, ports));
  }
  assert_null(rs_chip_text("groqchip"));
}

/* groqchip1 as facts have it, in canonical units. */
static void units_become_canonical(void **state) {
  rs_chip_file file;
  rs_diag diag;
  assert_ok(parse(*state, rs_chip_text("groqchip1"), &file, &diag), &diag);
  assert_int_equal(file.chip.kind, RS_CHIP_LPU);
  assert_int_equal(file.chip.timing.clock_hz, 900000000);
  assert_int_equal(file.chip.sram_bytes, INT64_C(230686720)); /* 220 · 2^20 */
  assert_int_equal(file.chip.host_bytes_per_s, INT64_C(24000000000));
  assert_int_equal(file.chip.host_latency_fs, INT64_C(10000000000)); /* 10 µs */
  assert_true(file.chip.sram_pj_per_bit == 0.3 && file.chip.mac_pj[RS_INT8] == 0.08);
  assert_true(file.chip.static_w == 74);
  assert_ok(parse(*state, rs_chip_text("h100"), &file, &diag), &diag);
  assert_int_equal(file.chip.kind, RS_CHIP_GPU);
  assert_int_equal(file.chip.gpu.peak_ops_per_s[RS_FP8], INT64_C(1979000000000000));
  assert_int_equal(file.chip.gpu.hbm_bytes_per_s, INT64_C(3350000000000));
  assert_int_equal(file.chip.gpu.gemm_efficiency_ppb[RS_FP8], 709000000);
  assert_int_equal(file.chip.gpu.small_step_fs, 470000000); /* 470 ns */
  assert_false(rs_chip_computes(&file.chip, RS_BLOCK4));
  assert_true(rs_chip_computes(&file.chip, RS_FP8));
}

/* 1.2 PFLOP/s and 150 TB/s of the published newer part, from its planes and its clock. */
static void the_newer_part_has_its_published_rates(void **state) {
  const rs_chip *c = rs_chip_find("lp30");
  double hertz = (double)c->timing.clock_hz;
  (void)state;
  assert_true((double)(c->planes * c->plane_rows * c->plane_columns * 2) * hertz == 1.2e15);
  assert_true((double)c->sram_read_bytes_per_cycle * hertz == 150e12);
  assert_int_equal(c->sram_bytes, 500000000);
  /* 328 B in 369/20 cycles: 26.04 GB/s, 2 lanes of 2.5 TB/s / (2 · 96) */
  double rate = 328 * hertz * (double)c->timing.slot_den / (double)c->timing.slot_num;
  assert_true(rate / (2 * 2.5e12 / 192) > 0.9999 && rate / (2 * 2.5e12 / 192) < 1.0001);
}

/* A source and a confidence for every number that the chip has. */
static void every_number_has_its_source(void **state) {
  size_t count;
  const rs_chip *chips = rs_chip_catalogue(&count);
  for (size_t i = 0; i < count; i++) {
    rs_chip_file file;
    rs_diag diag;
    assert_ok(parse(*state, rs_chip_text(chips[i].name), &file, &diag), &diag);
    assert_true(file.note_count >= 30 && file.reference_count >= 2);
    for (size_t k = 0; k < file.note_count; k++) {
      assert_true(file.notes[k].source[0] != '\0' && file.notes[k].value[0] != '\0');
      assert_true(file.notes[k].confidence[0] != '\0');
    }
  }
}

/* ---- what is refused, and where ---- */

typedef struct fault {
  const char *chip, *old, *new; /* the first `old` of the chip's file becomes `new` */
  const char *message;          /* behind the file's name and line */
} fault;

static const fault faults[] = {
    {"groqchip1", "\"sram\":", "\"sramm\":",
     "a chip of kind lpu has no key 'sramm'; expected a key of 'realscale list chips NAME'; did "
     "you "
     "mean 'sram'?"},
    {"groqchip1", "\"220MiB\"", "\"220Mi\"",
     "'sram': unknown unit 'Mi'; expected a size such as 16KiB (TiB, TB, GiB, GB, MiB, MB, KiB, "
     "KB, "
     "B); did you mean '220MiB'?"},
    {"groqchip1", "\"220MiB\"", "230686720", "'sram' is not a size such as 220MiB"},
    {"groqchip1", "\"0.3pJ/bit\"", "\"0.3pJ\"", "'sram_energy': '0.3pJ' is not an energy a bit"},
    {"groqchip1", "\"0.3pJ/bit\"", "\"-0.3pJ/bit\"", "'sram_energy': '-0.3pJ/bit' is not"},
    {"groqchip1", "\"0.3pJ/bit\"", "\"0.pJ/bit\"", "'sram_energy': '0.pJ/bit' is not"},
    {"groqchip1", "\"value\": 16,", "\"value\": 16.5,", "'adds_per_cycle' is not a whole number"},
    {"groqchip1", "\"value\": 16,", "\"value\": 0,", "chip groqchip1: adds_per_cycle is 0"},
    {"groqchip1", "\"value\": 16,", "", "'adds_per_cycle' has no value"},
    {"groqchip1", "\"confidence\": \"P\"", "\"confidence\": \"Q\"",
     "'clock': unknown confidence 'Q'; expected P, P2, S, W, I, F or A"},
    {"groqchip1", "\"source\": \"[NET], [LSTM]\"", "\"sauce\": \"x\"",
     "'clock' has no key 'sauce'; expected value, confidence, source or range; did you mean "
     "'source'?"},
    {"groqchip1", "\"source\": \"[NET], [LSTM]\"", "\"source\": \"\"",
     "'source' in 'clock' is not a line of text"},
    {"groqchip1", "\"kind\": \"lpu\"", "\"kind\": \"lpv\"",
     "unknown kind of chip 'lpv'; expected \"lpu\" or \"gpu\"; did you mean 'lpu'?"},
    {"groqchip1", "\"kind\": \"lpu\"", "\"kind\": \"gpu\"",
     "a chip of kind gpu has no key 'clock'"},
    {"groqchip1", "\"name\": \"groqchip1\"", "\"name\": \"a b\"", "'name' is 'a b'"},
    {"groqchip1", "\"name\": \"groqchip1\",", "", "the key 'name' is missing"},
    {"groqchip1", "\"references\": {", "\"references\": {\"x\": 1,",
     "'references' is not an object of lines of text"},
    {"groqchip1", "\"planes\": {\"value\": 4", "\"planes\": {\"value\": 1",
     "chip groqchip1: a tile of fp16 needs 2 planes of 1"},
    {"groqchip1", "\"pass_cycles_fp16\"", "\"pass_cycles_fp8\"",
     "chip groqchip1: pass_cycles_fp16 and planes_per_tile_fp16 go together"},
    {"h100", "\"3350GB/s\"", "\"3350GB\"", "'hbm_rate': "},
    {"h100", "\"1979TOP/s\"", "\"1979TO/s\"", "'peak_int8': '1979TO/s' is not operations a second"},
    {"h100", "\"90%\"", "\"190%\"", "chip h100: hbm_efficiency is 1900000000"},
    {"h100", "\"peak_fp16\"", "\"peak_pf16\"", "a chip of kind gpu has no key 'peak_pf16'"},
    {"h100", "{", "[", "not JSON: "},
};

static void faults_say_what_and_where(void **state) {
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    char text[TEXT_BYTES], words[1024];
    rs_chip_file file;
    rs_diag diag;
    changed(faults[i].chip, faults[i].old, faults[i].new, text);
    assert_int_equal(parse(*state, text, &file, &diag), RS_E_INPUT);
    rs_diag_format(&diag, words, sizeof words);
    if (strstr(words, faults[i].message) == NULL) {
      fail_msg("fault %zu: '%s' is not in '%s'", i, faults[i].message, words);
    }
    assert_true(diag.line >= 1 && diag.column >= 1);
  }
}

/* The exact place of one: line 12 of the file is the first of "clock". */
static void the_place_is_that_of_the_value(void **state) {
  static const char text[] =
      "{\"name\": \"x\", \"kind\": \"gpu\", \"summary\": \"s\",\n"
      "  \"hbm\": {\"confidence\": \"P\",\n    \"value\": \"80Gb\", \"source\": \"s\"}}";
  rs_chip_file file;
  rs_diag diag;
  assert_int_equal(parse(*state, text, &file, &diag), RS_E_INPUT);
  assert_int_equal(diag.line, 3);
  assert_int_equal(diag.column, 14);
  /* what is not there is missing from the object */
  assert_int_equal(parse(*state, "\n {\"name\": \"x\"}", &file, &diag), RS_E_INPUT);
  assert_int_equal(diag.line, 2);
  assert_int_equal(diag.column, 2);
  assert_string_equal(diag.what, "the key 'kind' is missing");
}

static void other_texts_are_refused(void **state) {
  static const char *const texts[] = {"", "[]", "3", "{}", "{\"name\": 1}", "{\"a\":1,\"a\":2}"};
  for (size_t i = 0; i < RS_COUNT_OF(texts); i++) {
    rs_chip_file file;
    rs_diag diag;
    assert_int_equal(parse(*state, texts[i], &file, &diag), RS_E_INPUT);
    assert_int_equal(rs_chip_parse(*state, "c", texts[i], strlen(texts[i]), &file, NULL),
                     RS_E_INPUT);
  }
}

/* ---- seeded mutations ---- */

static size_t mutate(rs_random *random, char *text, size_t length) {
  static const char alphabet[] = "{}[]\",:0123456789.-e\\ \n\tntf%/\x01\xff";
  size_t at = (size_t)rs_random_below(random, length);
  size_t run = (size_t)rs_random_below(random, 20);
  uint64_t kind = rs_random_below(random, 4);
  run = RS_MIN(run, length - at);
  if (kind == 0) text[at] = alphabet[rs_random_below(random, sizeof alphabet - 1)];
  if (kind == 1 && run < length) {
    memmove(text + at, text + at + run, length - at - run);
    return length - run;
  }
  if (kind == 2 && length + run <= TEXT_BYTES) {
    memmove(text + at + run, text + at, length - at);
    return length + run;
  }
  return kind == 3 && run < length && rs_random_below(random, 8) == 0 ? length - run : length;
}

static void check_mutant(rs_arena *arena, const char *text, size_t length, int *good) {
  rs_chip_file file;
  rs_diag diag = {0};
  if (rs_chip_parse(arena, "m.json", text, length, &file, &diag) == RS_OK) {
    assert_ok(rs_chip_check(&file.chip, &diag), &diag);
    (*good)++;
    return;
  }
  assert_true(diag.status == RS_E_INPUT || diag.status == RS_E_OVERFLOW);
  assert_true(diag.what[0] != '\0' && diag.line >= 1 && diag.column >= 1);
  assert_string_equal(diag.file, "m.json");
}

static void mutated_files_do_no_harm(void **state) {
  const uint64_t seed = 20261124;
  rs_random random;
  size_t count;
  int good = 0;
  const rs_chip *chips = rs_chip_catalogue(&count);
  print_message("seed %llu\n", (unsigned long long)seed);
  rs_random_init(&random, seed, 0);
  for (int i = 0; i < 6000; i++) {
    char text[TEXT_BYTES];
    const char *source = rs_chip_text(chips[rs_random_below(&random, count)].name);
    size_t length = strlen(source);
    assert_true(length < sizeof text);
    memcpy(text, source, length);
    for (uint64_t k = 1 + rs_random_below(&random, 3); k > 0; k--) {
      length = mutate(&random, text, length);
    }
    char *exact = malloc(length); /* of its exact size, so that a read beyond it is seen */
    assert_non_null(exact);
    memcpy(exact, text, length);
    check_mutant(*state, exact, length, &good);
    free(exact);
    rs_arena_reset(*state);
  }
  assert_true(good > 100 && good < 5900);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_catalogue_is_what_its_files_say),
      cmocka_unit_test(units_become_canonical),
      cmocka_unit_test(the_newer_part_has_its_published_rates),
      cmocka_unit_test(every_number_has_its_source),
      cmocka_unit_test(faults_say_what_and_where),
      cmocka_unit_test(the_place_is_that_of_the_value),
      cmocka_unit_test(other_texts_are_refused),
      cmocka_unit_test(mutated_files_do_no_harm),
  };
  return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
