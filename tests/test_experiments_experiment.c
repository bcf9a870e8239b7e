/* The typed experiment: defaults, sweeps, overrides, and every mistake with its place. */
#include "rs_experiment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs_random.h"
#include "rs_test.h"
#include "rs_test_mistakes.h"

/* Llama-2-7B has 32 layers and 32 heads; mesh:16 is 16 chips. */
static const char good[] =
    "name: test\n"
    "task: decode\n"
    "model: llama-2-7b\n"
    "topology: mesh:16\n"
    "sharding: {tensor: 4, pipeline: 4}\n"
    "context: 512\n";

static rs_arena *arena;

static int make_arena(void **state) {
  (void)state;
  arena = rs_arena_create(0);
  return arena == NULL;
}

static int destroy_arena(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

static const char *with(const char *more) {
  return rs_arena_printf(arena, "%s%s", good, more);
}

static const rs_experiment *parse(const char *text, const char *const *sets, size_t count) {
  const rs_experiment *e = NULL;
  rs_diag diag;
  assert_ok(rs_experiment_parse(arena, "e.yaml", text, strlen(text), sets, count, &e, &diag),
            &diag);
  return e;
}

static void defaults_are_filled_in(void **state) {
  (void)state;
  const rs_experiment *e = parse(good, NULL, 0);
  assert_string_equal(e->name, "test");
  assert_int_equal(e->task, RS_TASK_DECODE);
  assert_int_equal(e->point_count, 1);
  assert_int_equal(e->sweep_count, 0);
  const rs_point *p = &e->points[0];
  assert_string_equal(p->chip->name, "groqchip1");
  assert_string_equal(p->topology, "mesh:16");
  assert_int_equal(p->wiring->chip_count, 16);
  assert_int_equal(p->model->layers, 32);
  assert_int_equal(p->request.tensor, 4);
  assert_int_equal(p->request.pipeline, 4);
  assert_int_equal(p->request.micro_batches, 1);
  assert_int_equal(p->request.batch, 1);
  assert_int_equal(p->request.context, 512);
  assert_int_equal(p->request.weights, RS_INT8);
  assert_int_equal(p->request.activations, RS_FP16);
  assert_int_equal(p->request.kv, RS_FP16);
  assert_int_equal(p->seed, 1);
  assert_int_equal(e->plot_count, 1);
  assert_int_equal(e->plots[0].kind, RS_PLOT_STACK);
}

/* Each of the other tasks' keys and defaults. */
static void a_wiring_has_its_own_keys(void **state) {
  (void)state;
  const rs_experiment *e = parse("name: t\ntask: topology\ntopology: mesh:4\n", NULL, 0);
  assert_int_equal(e->task, RS_TASK_TOPOLOGY);
  assert_int_equal(e->points[0].task, RS_TASK_TOPOLOGY);
  assert_string_equal(e->points[0].text[RS_KEY_PORTS], "16");
  assert_null(e->points[0].text[RS_KEY_MODEL]);
  assert_int_equal(e->plots[0].kind, RS_PLOT_WIRINGS);
}

/* The first key is the slowest: contexts a b and batches 1 2 3 give a1 a2 a3 b1 b2 b3. */
static void a_sweep_is_the_product(void **state) {
  (void)state;
  const rs_experiment *e =
      parse(with("sweep:\n  context: [16, 32]\n  batch: [1, 2, 3]\n"), NULL, 0);
  assert_int_equal(e->point_count, 6);
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(e->points[i].request.context, i < 3 ? 16 : 32);
    assert_int_equal(e->points[i].request.batch, i % 3 + 1);
  }
  assert_int_equal(e->sweep_count, 2);
  assert_int_equal(e->sweeps[0].key, RS_KEY_CONTEXT);
  assert_string_equal(e->sweeps[1].values[2], "3");
}

/* A swept key need not stand in the file; a nested mapping is the same as a dotted path. */
static void sweeps_may_be_written_in_two_ways(void **state) {
  (void)state;
  static const char head[] = "name: t\ntask: decode\nmodel: llama-2-7b\ntopology: mesh:16\n";
  const char *dotted = rs_arena_printf(
      arena, "%ssweep: {context: [8], sharding.tensor: [4, 2], sharding.pipeline: [4]}\n", head);
  const char *nested = rs_arena_printf(
      arena, "%ssweep: {context: [8], sharding: {tensor: [4, 2], pipeline: [4]}}\n", head);
  const rs_experiment *a = parse(dotted, NULL, 0);
  const rs_experiment *b = parse(nested, NULL, 0);
  assert_int_equal(a->point_count, 2);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(a->points[i].request.tensor, i == 0 ? 4 : 2);
    assert_true(rs_point_digest(&a->points[i]) == rs_point_digest(&b->points[i]));
  }
}

static void overrides_are_as_if_written(void **state) {
  (void)state;
  const char *swept = with("batch: 5\nsweep: {batch: [1, 2], context: [8, 16]}\n");
  const char *const plain[] = {"batch=7"};
  const rs_experiment *e = parse(swept, plain, 1); /* no longer swept: 2 contexts */
  assert_int_equal(e->point_count, 2);
  assert_int_equal(e->points[1].request.batch, 7);
  const char *const list[] = {"sweep.batch=[1, 2, 3]"};
  e = parse(swept, list, 1); /* 3 batches, 2 contexts, and batch is still the slower */
  assert_int_equal(e->point_count, 6);
  assert_int_equal(e->points[1].request.batch, 1);
  const char *const whole[] = {"sweep={context: [4]}"};
  e = parse(swept, whole, 1);
  assert_int_equal(e->point_count, 1);
  assert_int_equal(e->points[0].request.batch, 5);
  const char *const nested[] = {"sharding={tensor: 2}", "sharding.pipeline=8", "plots=[]",
                                "name=other", "sharding.pipeline=2"};
  e = parse(good, nested, 5); /* the last one counts */
  assert_int_equal(e->points[0].request.tensor, 2);
  assert_int_equal(e->points[0].request.pipeline, 2);
  assert_string_equal(e->name, "other");
  assert_int_equal(e->plot_count, 0);
}

static void plots_are_read(void **state) {
  (void)state;
  const rs_experiment *e =
      parse(with("plots:\n  - {kind: line, x: batch, y: tokens_per_s_user, by: network}\n"
                 "  - {kind: bar, x: topology, y: fits, title: 'a \"b\"'}\n  - {kind: stack}\n"),
            NULL, 0);
  assert_int_equal(e->plot_count, 3);
  assert_int_equal(e->plots[0].kind, RS_PLOT_LINE);
  assert_string_equal(e->plots[0].by, "network");
  assert_int_equal(e->plots[1].kind, RS_PLOT_BAR);
  assert_string_equal(e->plots[1].title, "a \"b\"");
  assert_null(e->plots[1].by);
  e = parse(with("plots: []\n"), NULL, 0);
  assert_int_equal(e->plot_count, 0);
}

/* ---- mistakes ---- */

static void check_text(const char *text, const char *const *sets, size_t count, const char *line) {
  assert_mistake(arena, text, sets, count, line);
}

static void check_mistake(const char *from, const char *to, const char *line) {
  check_text(edit(arena, good, from, to), NULL, 0, line);
}

static void check_set(const char *set, const char *line) {
  check_text(good, &set, 1, line);
}

static void values_are_checked(void **state) {
  (void)state;
  check_mistake("512", "16KiB",
                "e:6:10: context: '16KiB' is not a whole number; expected a whole "
                "number from 1 to 1073741824");
  check_mistake("512", "-1", "e:6:10: context: '-1' is out of range");
  check_mistake("512", "0", "e:6:10: context: '0' is out of range");
  check_mistake("512", "1.5", "e:6:10: context: '1.5' is not a whole number");
  check_mistake("512", "1073741825", "e:6:10: context: '1073741825' is out of range");
  check_mistake("512", "99999999999999999999", "e:6:10: context: '99999999999999999999' is out of");
  check_mistake("512", "[1, 2]", "e:6:10: context is a list, and lists stand under sweep");
  check_mistake("512", "{a: 1}", "e:6:10: context is a mapping");
  check_mistake("512", "", "e:6:1: context has no value; expected a whole number");
  check_mistake("512", "''", "e:6:10: context has no value");
  check_mistake("decode", "traffic", "e:3:8: task 'traffic' has no key 'model'");
  check_mistake(
      "decode", "decod",
      "e:2:7: task: unknown word 'decod'; expected decode or topology or traffic or collective or "
      "clock or prefill; did you mean 'decode'?");
  check_mistake(NULL, "network: fluid\n", "e:7:10: task 'decode' runs on the scheduled network");
  check_mistake(NULL, "weights: int9\n",
                "e:7:10: weights: unknown word 'int9'; expected int8 or "
                "fp16 or fp8 or bf16 or block4; did you mean 'int8'?");
  check_mistake("name: test", "name: ../x", "e:1:7: name: '../x' cannot name a folder");
  check_mistake("name: test", "name: -x", "e:1:7: name: '-x' cannot name a folder");
  check_mistake("name: test", "name: a b", "e:1:7: name: 'a b' cannot name a folder");
}

static void keys_are_checked(void **state) {
  (void)state;
  check_mistake("context", "contxt",
                "e:6:1: unknown key 'contxt'; expected a key that 'realscale "
                "run --help-keys' lists; did you mean 'context'?");
  check_mistake("tensor", "tensr", "e:5:12: unknown key 'tensr' of sharding; expected");
  check_mistake(NULL, "sharding.tensor: 4\n",
                "e:7:1: 'sharding.tensor' with a dot is for sweep and "
                "--set; expected sharding: {tensor: …}");
  check_mistake(NULL, "tensor: 4\n", "e:7:1: unknown key 'tensor'");
  check_mistake(NULL, "task: decode\n", "e:7:1: the key 'task' stands twice; first on line 2");
  check_mistake("context: 512\n", "",
                "e:1:1: the key 'context' is missing; expected context: a whole");
  check_mistake("task: decode\n", "", "e:1:1: the key 'task' is missing");
  check_mistake("tensor: 4, ", "", "e:1:1: the key 'sharding.tensor' is missing");
  check_mistake("{tensor: 4, pipeline: 4}", "8", "e:5:11: sharding is not a mapping");
  check_mistake(NULL, "ports: 4\n", "e:7:8: task 'decode' has no key 'ports'");
  check_text("name: t\ntask: topology\ntopology: mesh:4\nbatch: 1\n", NULL, 0,
             "e:4:8: task 'topology' has no key 'batch'");
  check_text("name: t\ntask: topology\ntopology: mesh:4\nsweep: {batch: [1]}\n", NULL, 0,
             "e:4:16: task 'topology' has no key 'batch'");
}

static void things_are_looked_up(void **state) {
  (void)state;
  check_mistake(
      "llama-2-7b", "llama-2-7c",
      "e:3:8: unknown model 'llama-2-7c'; expected a preset of 'realscale list models', or "
      "the path of a config.json; did you mean 'llama-2-7b'?");
  check_mistake("llama-2-7b", "./none.json", "e:3:8: model './none.json': cannot open the file");
  check_mistake("llama-2-7b", "/", "e:3:8: model '/': this is a directory");
  check_mistake(
      NULL, "chip: grokchip1\n",
      "e:7:7: unknown chip 'grokchip1'; expected a chip of 'realscale list chips', or the "
      "path of a chip's JSON; did you mean 'groqchip1'?");
  check_mistake("mesh:16", "mash:16", "e:4:11: unknown topology 'mash'");
  check_mistake("mesh:16", "realscale:9", "e:4:11: ");
  check_mistake("mesh:16", "mesh:18", "e:4:11: "); /* 17 ports a chip, and there are 16 */
}

static void sweeps_are_checked(void **state) {
  (void)state;
  check_mistake(NULL, "sweep: 3\n", "e:7:8: this is not a mapping");
  check_mistake(NULL, "sweep: {batch: 4}\n",
                "e:7:16: the values of batch to sweep over are not a list");
  check_mistake(NULL, "sweep: {batch: []}\n", "e:7:16: the values of batch");
  check_mistake(NULL, "sweep: {batch: [1, x]}\n", "e:7:20: batch: 'x' is not a whole number");
  check_mistake(NULL, "sweep:\n  batch:\n    - 1\n    - 0\n", "e:10:7: batch: '0' is out of range");
  check_mistake(NULL, "sweep: {batch: [1, [2]]}\n", "e:7:20: batch is a list");
  check_mistake(NULL, "sweep: {topology: [mesh:16, mesj:16]}\n", "e:7:29: unknown topology 'mesj'");
  check_mistake(NULL, "sweep: {weights: [int8, fp17]}\n", "e:7:25: weights: unknown word 'fp17'");
  check_mistake(NULL, "sweep: {name: [a, b]}\n", "e:7:9: name cannot be swept");
  check_mistake(NULL, "sweep: {task: [decode]}\n", "e:7:9: task cannot be swept");
  check_mistake(NULL, "sweep: {bach: [1]}\n", "e:7:9: unknown key 'bach' of sweep");
  check_mistake(NULL, "sweep: {sharding: {tensor: [1], x: [1]}}\n",
                "e:7:33: unknown key 'x' of sharding");
  check_mistake(NULL, "sweep: {sharding.tensor: [2], sharding: {tensor: [4]}}\n",
                "e:7:50: sharding.tensor is swept twice");
}

/* 1,001 · 1,000 points are more than a million. */
static void a_sweep_has_an_end(void **state) {
  (void)state;
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_sink_printf(&sink, "%ssweep:\n  batch: [1", good);
  for (int i = 2; i <= 1001; i++) rs_sink_printf(&sink, ", %d", i);
  rs_sink_put(&sink, "]\n  context: [1");
  for (int i = 2; i <= 1000; i++) rs_sink_printf(&sink, ", %d", i);
  rs_sink_put(&sink, "]\n");
  check_text(text.bytes, NULL, 0, "e:9:12: the sweep has more than a million points");
  rs_text_deinit(&text);
}

static void plots_are_checked(void **state) {
  (void)state;
  check_mistake(NULL, "plots: {kind: stack}\n", "e:7:8: plots is not a list");
  check_mistake(NULL, "plots: [stack]\n", "e:7:9: a plot is not a mapping");
  check_mistake(NULL, "plots: [{kind: stak}]\n",
                "e:7:16: unknown kind of plot 'stak'; expected stack, line, bar, map, pareto or "
                "wirings; did you "
                "mean 'stack'?");
  check_mistake(NULL, "plots: [{title: x}]\n", "e:7:9: a plot has no kind");
  check_mistake(NULL, "plots: [{kind: wirings}]\n", "e:7:9: the task has no plot of this kind");
  check_mistake(NULL, "plots: [{kind: line, x: batch, y: token}]\n",
                "e:7:35: there is no column 'token'");
  check_mistake(NULL, "plots: [{kind: line, x: batch, y: model}]\n",
                "e:7:35: the column 'model' holds");
  check_mistake(NULL, "plots: [{kind: line, x: batch}]\n",
                "e:7:9: a plot of this kind needs x and y");
  check_mistake(NULL, "plots: [{kind: stack, x: batch}]\n", "e:7:9: a plot of this kind has no x");
  check_mistake(NULL, "plots: [{kind: stack, colour: red}]\n",
                "e:7:23: unknown key 'colour' of a plot");
  check_mistake(NULL, "plots: [{kind: stack, title: [a]}]\n",
                "e:7:30: title of a plot has no text");
}

static void overrides_name_their_column(void **state) {
  (void)state;
  check_set("batch=x", "--set:1:7: batch: 'x' is not a whole number");
  check_set("sweep.batch=[1, x]", "--set:1:17: batch: 'x' is not a whole number");
  check_set("bach=2", "--set:1:1: unknown key 'bach'");
  check_set("sharding.tensr=2",
            "--set:1:1: unknown key 'sharding.tensr' of --set; expected a key that "
            "'realscale run --help-keys' lists; did you mean 'sharding.tensor'?");
  check_set("sweep.name=[a]", "--set:1:1: unknown key 'name' of sweep");
  check_set("batch", "--set:1:1: this sets nothing; expected path=value");
  check_set("batch=", "--set:1:1: this sets nothing");
  check_set("=4", "--set:1:1: this sets nothing");
  check_set("batch=[1", "--set:");
  check_set("batch=1\n---\n2", "--set:2:1: a second document");
}

/* A draft is looked up as a model is, needs an acceptance, and the model's tokens. */
static void a_draft_is_checked(void **state) {
  (void)state;
  const rs_experiment *e =
      parse(with("speculate: {draft: llama-2-7b, acceptance: 0.75}\n"), NULL, 0);
  assert_string_equal(e->points[0].speculation.draft->name, "llama-2-7b");
  assert_int_equal(e->points[0].speculation.length, 4);
  assert_int_equal(e->points[0].speculation.acceptance_ppm, 750000);
  assert_null(parse(with(""), NULL, 0)->points[0].speculation.draft);
  e = parse(with("sweep: {speculate: {length: [1, 2]}, speculate.acceptance: [0.5, 1]}\n"), NULL,
            0);
  assert_int_equal(e->point_count, 4);
  check_mistake(NULL, "speculate: 4\n",
                "e:7:12: speculate is not a mapping; expected {draft: llama-2-7b, length: 4, "
                "acceptance: 0.7}");
  check_mistake(NULL, "speculate: {drft: none}\n",
                "e:7:13: unknown key 'drft' of speculate; expected a key that 'realscale run "
                "--help-keys' lists; did you mean 'draft'?");
  check_mistake(NULL, "speculate: {tensor: 4}\n", "e:7:13: unknown key 'tensor' of speculate");
  check_mistake(NULL, "speculate.length: 4\n",
                "e:7:1: 'speculate.length' with a dot is for sweep and --set; expected speculate: "
                "{length: …}");
  check_mistake(NULL, "speculate: {acceptance: 0}\n",
                "e:7:25: speculate.acceptance: '0' is no share; expected a share above 0 and at "
                "most 1");
  check_mistake(NULL, "speculate: {acceptance: 1.01}\n", "e:7:25: speculate.acceptance: '1.01'");
  check_mistake(NULL, "speculate: {length: 0}\n", "e:7:21: speculate.length: '0' is out of range");
  check_mistake(NULL, "speculate: {draft: llama-2-7b}\n",
                "e:7:20: a draft needs speculate.acceptance");
  check_mistake(NULL, "speculate: {draft: llama-2-7c, acceptance: 1}\n",
                "e:7:20: unknown model 'llama-2-7c'");
  check_mistake(NULL, "speculate: {draft: bert-base, acceptance: 1}\n",
                "e:7:20: speculate.draft: an encoder has no next token");
  check_mistake(NULL, "speculate: {draft: llama-3-8b, acceptance: 1}\n",
                "e:7:20: speculate.draft: 'llama-3-8b' has 128256 tokens, 'llama-2-7b' has 32000");
}

/* ---- shardings ---- */

static void a_sharding_that_cannot_be_is_a_mistake_when_alone(void **state) {
  (void)state;
  check_mistake("tensor: 4", "tensor: 3",
                "e:5:20: tensor = 3 does not divide attention heads = 32");
  check_mistake("pipeline: 4", "pipeline: 5",
                "e:5:20: tensor 4 × pipeline 5 needs more than 16 chips");
  check_mistake("4, pipeline: 4", "4, pipeline: 4, micro_batches: 5", "e:5:51: 5 micro-batches");
  check_mistake("mesh:16\nsharding: {tensor: 4, pipeline: 4}",
                "ring:64\nsharding: {tensor: 1, pipeline: 35}",
                "e:5:33: pipeline = 35 is more than the model's 32 layers, embedding and head");
  check_mistake(NULL, "sweep: {sharding.tensor: [3, 5]}\n", "e:7:27: tensor = 3 does not divide");
  const char *const set[] = {"sharding.tensor=3"};
  check_text(good, set, 1, "--set:1:17: tensor = 3 does not divide");
  check_text(with("sweep: {batch: [1, 2]}\n"), set, 1, "--set:1:17: tensor = 3 does not divide");
}

static void a_sharding_that_cannot_be_is_a_point_among_others(void **state) {
  (void)state;
  const rs_experiment *e = parse(with("sweep: {sharding.tensor: [3, 4]}\n"), NULL, 0);
  assert_int_equal(e->point_count, 2);
}

/* 2^20 sequences of 2^30 positions of 2 · 32 · 4,096 numbers in 2 bytes are 2^69 bytes. */
static void more_than_can_be_counted_is_a_mistake_when_alone(void **state) {
  (void)state;
  const char *const set[] = {"batch=1048576", "context=1073741824"};
  check_text(good, set, 2, "--set:1:9: weights and caches would be 2^62 bytes or more");
  check_text(with("sweep: {batch: [1048576]}\n"), &set[1], 1, "--set:1:9: weights and caches");
  const rs_experiment *e = parse(with("sweep: {batch: [1, 1048576]}\n"), &set[1], 1);
  assert_int_equal(e->point_count, 2);
}

/* ---- identity ---- */

static uint64_t digest_of(const char *text, const char *set) {
  return rs_point_digest(&parse(text, &set, set == NULL ? 0 : 1)->points[0]);
}

static void every_key_changes_the_identity(void **state) {
  (void)state;
  static const char *const sets[] = {"name=u",
                                     "model=llama-2-70b",
                                     "weights=fp16",
                                     "activations=int8",
                                     "kv_cache=int8",
                                     "topology=mesh:17",
                                     "sharding.tensor=2",
                                     "sharding.pipeline=2",
                                     "batch=2",
                                     "context=513",
                                     "seed=2",
                                     "sharding.micro_batches=2"};
  uint64_t digests[sizeof sets / sizeof sets[0] + 1];
  size_t count = 0;
  digests[count++] = digest_of(good, NULL);
  assert_true(digests[0] == digest_of(good, NULL));
  assert_true(digests[0] == digest_of(with("plots: []\n# a comment\n"), NULL));
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
    digests[count] = digest_of(good, sets[i]);
    for (size_t k = 0; k < count; k++) assert_true(digests[k] != digests[count]);
    count++;
  }
}

static void write_config(const char *path, int layers) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fprintf(file,
          "{\"model_type\": \"llama\", \"hidden_size\": 64, \"num_hidden_layers\": %d, "
          "\"num_attention_heads\": 4, \"intermediate_size\": 128, \"vocab_size\": 100}",
          layers);
  fclose(file);
}

/* A path is taken from the experiment's folder; and when the file changes, so does the point. */
static void a_model_file_counts_by_what_is_in_it(void **state) {
  char folder[] = "/tmp/rs-experiment-XXXXXX";
  char path[64], file[64];
  (void)state;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/config.json", folder);
  snprintf(file, sizeof file, "%s/e.yaml", folder);
  const char *set = "model=./config.json";
  uint64_t digests[2];
  for (int i = 0; i < 2; i++) {
    const rs_experiment *e;
    rs_diag diag;
    write_config(path, 8 + i);
    assert_ok(rs_experiment_parse(arena, file, good, strlen(good), &set, 1, &e, &diag), &diag);
    assert_int_equal(e->points[0].model->layers, 8 + i);
    digests[i] = rs_point_digest(&e->points[0]);
  }
  assert_true(digests[0] != digests[1]);
  unlink(path);
  rmdir(folder);
}

static void points_print_their_keys(void **state) {
  (void)state;
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_point_print(&parse(good, NULL, 0)->points[0], &sink);
  assert_string_equal(text.bytes,
                      "name: test\ntask: decode\nmodel: llama-2-7b\nweights: int8\n"
                      "activations: fp16\nkv_cache: fp16\nchip: groqchip1\ntopology: mesh:16\n"
                      "sharding.tensor: 4\nsharding.pipeline: 4\nsharding.expert: 1\n"
                      "sharding.dispatch: auto\nsharding.capacity: 2\nsharding.sums: "
                      "all-reduce\nsharding.kv_split: heads\nsharding.placement: row\n"
                      "sharding.micro_batches: 1\nsharding.replicas: 1\nbatch: 1\ncontext: 512\n"
                      "generate: 1\nnetwork: scheduled\nseed: 1\ndeskew_margin: 0\n"
                      "deskew_interval: 0\ngpus: "
                      "8\nboards: 1\npaging: none\n"
                      "prices: none\n"
                      "speculate.draft: none\nspeculate.length: 4\nspeculate.acceptance: none\n");
  rs_text_deinit(&text);
}

static void the_reference_has_a_line_a_key(void **state) {
  (void)state;
  rs_text text;
  size_t lines = 0;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_experiment_print_keys(&sink);
  for (const char *c = text.bytes; *c != '\0'; c++) {
    lines += *c == '\n' && c[1] != ' ' ? 1 : 0; /* a line that begins with a blank goes on */
  }
  assert_int_equal(lines, 1 + RS_KEY_COUNT + 2); /* head, keys, sweep and plots */
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    char start[64];
    snprintf(start, sizeof start, "\n%s ", rs_key_path((rs_key)key));
    if (strstr(text.bytes, start) == NULL) fail_msg("no line for %s", rs_key_path((rs_key)key));
  }
  rs_text_deinit(&text);
}

/* ---- any bytes ---- */

static void any_bytes_are_survived(void **state) {
  (void)state;
  static const char seed_text[] =
      "name: x\ntask: decode\nmodel: llama-2-7b\ntopology: mesh:8\nsharding: {tensor: 2, pipeline: "
      "4}\nsweep:\n  batch: [1, 4]\n  context: [8]\nplots:\n  - {kind: line, x: batch, y: fits}\n";
  static const char letters[] = ":[]{}&*!|'\"#,-?\n xbatch123\xc3";
  char text[sizeof seed_text];
  for (uint64_t seed = 0; seed < 2000; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 1);
    memcpy(text, seed_text, sizeof text);
    for (uint64_t i = rs_random_below(&random, 4) + 1; i > 0; i--) {
      text[rs_random_below(&random, sizeof text - 1)] =
          letters[rs_random_below(&random, sizeof letters - 1)];
    }
    rs_arena *scratch = rs_arena_create(0);
    rs_diag diag = {0};
    const rs_experiment *e = NULL;
    rs_status status = rs_experiment_parse(scratch, "f", text, sizeof text - 1, NULL, 0, &e, &diag);
    if (status == RS_OK ? e->point_count == 0 : diag.what[0] == '\0' || diag.line < 1) {
      fail_msg("seed %llu: neither points nor a place", (unsigned long long)seed);
    }
    rs_arena_destroy(scratch);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_filled_in),
      cmocka_unit_test(a_wiring_has_its_own_keys),
      cmocka_unit_test(a_sweep_is_the_product),
      cmocka_unit_test(sweeps_may_be_written_in_two_ways),
      cmocka_unit_test(overrides_are_as_if_written),
      cmocka_unit_test(plots_are_read),
      cmocka_unit_test(values_are_checked),
      cmocka_unit_test(keys_are_checked),
      cmocka_unit_test(things_are_looked_up),
      cmocka_unit_test(sweeps_are_checked),
      cmocka_unit_test(a_sweep_has_an_end),
      cmocka_unit_test(plots_are_checked),
      cmocka_unit_test(overrides_name_their_column),
      cmocka_unit_test(a_draft_is_checked),
      cmocka_unit_test(a_sharding_that_cannot_be_is_a_mistake_when_alone),
      cmocka_unit_test(a_sharding_that_cannot_be_is_a_point_among_others),
      cmocka_unit_test(more_than_can_be_counted_is_a_mistake_when_alone),
      cmocka_unit_test(every_key_changes_the_identity),
      cmocka_unit_test(a_model_file_counts_by_what_is_in_it),
      cmocka_unit_test(points_print_their_keys),
      cmocka_unit_test(the_reference_has_a_line_a_key),
      cmocka_unit_test(any_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, make_arena, destroy_arena);
}
