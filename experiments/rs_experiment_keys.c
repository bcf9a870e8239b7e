/*
 * The table of an experiment's keys, and what is made of its rows: checking a value, the sentence
 * that says what would have done, and the reference.
 */
#include <stdio.h>
#include <string.h>

#include "rs__experiment.h"
#include "rs_units.h"

static const char *const task_words[RS_TASK_COUNT] = {
    [RS_TASK_DECODE] = "decode",   [RS_TASK_TOPOLOGY] = "topology",
    [RS_TASK_TRAFFIC] = "traffic", [RS_TASK_COLLECTIVE] = "collective",
    [RS_TASK_CLOCK] = "clock",     [RS_TASK_PREFILL] = "prefill"};
static const char *const number_words[] = {"int8", "fp16", "fp8", "bf16"};
static const char *const weight_words[] = {"int8", "fp16", "fp8", "bf16", "block4"};
static const char *const dispatch_words[] = {"auto", "replicated", "all-to-all"};
static const char *const placement_words[] = {"row", "racks", "nodes"};
static const char *const sums_words[] = {"all-reduce", "reduce-scatter"};
static const char *const kv_split_words[] = {"heads", "positions"};
static const char *const network_words[RS_NETWORK_COUNT] = {"scheduled", "adaptive", "fluid"};
static const char *const routing_words[] = {"minimal", "valiant", "ugal", "timetable", "fluid"};
static const char *const pattern_words[RS_PATTERN_COUNT] = {
    "uniform", "permutation", "tornado", "group", "hotspot", "all-to-all", "bit-reverse"};

static const char *const collective_words[] = {"all-reduce", "reduce-scatter", "all-gather",
                                               "broadcast",  "reduce",         "scatter",
                                               "gather",     "all-to-all",     "send"};
static const char *const timing_words[] = {"chip", "unit"};
static const char *const clock_words[] = {"hac", "bittide-p", "bittide-pi"};
static const char *const offset_words[] = {"uniform", "extreme"};
static const char *const tree_words[] = {"breadth-first", "depth-first"};
static const char *const paging_words[] = {"none", "host"};
_Static_assert(RS_COUNT_OF(collective_words) == RS_COLLECTIVE_KIND_COUNT, "a word a kind");

#define WORDS(list) .words = (list), .word_count = RS_COUNT_OF(list)
#define COUNT(unit_text, limit) RS__KEY_COUNT, .unit = (unit_text), .most = (limit)
#define ALL_TASKS ((1u << (RS__CLOCK_OF_A_STEP + 1)) - 1)
#define IN_DECODE .tasks = 1u << RS_TASK_DECODE
#define IN_PREFILL .tasks = 1u << RS_TASK_PREFILL
#define IN_MODEL .tasks = 1u << RS_TASK_DECODE | 1u << RS_TASK_PREFILL
#define IN_STEP IN_MODEL | 1u << RS__CLOCK_OF_A_STEP
#define IN_TOPOLOGY .tasks = 1u << RS_TASK_TOPOLOGY
#define IN_TRAFFIC .tasks = 1u << RS_TASK_TRAFFIC
#define DECIMAL(unit_text, limit) RS__KEY_DECIMAL, .unit = (unit_text), .most = 1000 * (limit)
#define IN_COLLECTIVE .tasks = 1u << RS_TASK_COLLECTIVE
#define IN_STALLED .tasks = 1u << RS_TASK_DECODE | 1u << RS_TASK_COLLECTIVE
#define IN_CLOCK .tasks = 1u << RS_TASK_CLOCK | 1u << RS__CLOCK_OF_A_STEP
#define IN_COMPILED .tasks = 1u << RS_TASK_COLLECTIVE | 1u << RS_TASK_CLOCK
#define IN_SCHEDULED IN_STEP | 1u << RS_TASK_COLLECTIVE | 1u << RS_TASK_CLOCK
#define IN_DRAWN IN_STEP | 1u << RS_TASK_TRAFFIC | 1u << RS_TASK_CLOCK
#define IN_RUNS .tasks = ((1u << RS_TASK_COUNT) - 1) ^ 1u << RS_TASK_TOPOLOGY ^ 1u << RS_TASK_CLOCK
#define IN_CHIPS .tasks = ALL_TASKS ^ 1u << RS_TASK_TOPOLOGY
#define IN_PACKETS .tasks = 1u << RS_TASK_TRAFFIC | 1u << RS_TASK_COLLECTIVE
#define IN_ALL .tasks = ALL_TASKS

static const rs__key_row keys[RS_KEY_COUNT] = {
    [RS_KEY_NAME] = {"name", RS__KEY_NAME,
                     .help = "names the folder of results: letters, digits, - _ .", IN_ALL},
    [RS_KEY_TASK] = {"task", RS__KEY_WORD, .help = "what is computed", WORDS(task_words), IN_ALL},
    [RS_KEY_MODEL] =
        {"model", RS__KEY_MODEL,
         .help = "a preset of 'realscale list models', or the path of a config.json, "
                 "from the experiment's folder; of task clock: whose step runs instead of a "
                 "collective",
         IN_STEP},
    [RS_KEY_WEIGHTS] = {"weights", RS__KEY_WORD, .otherwise = "int8",
                        .help = "format of weights in memory; block4: 4.5 bits",
                        WORDS(weight_words), IN_STEP},
    [RS_KEY_ACTIVATIONS] = {"activations", RS__KEY_WORD, .otherwise = "fp16",
                            .help = "format that is computed in and sent", WORDS(number_words),
                            IN_STEP},
    [RS_KEY_KV_CACHE] = {"kv_cache", RS__KEY_WORD, .otherwise = "fp16",
                         .help = "format of keys and values in SRAM", WORDS(number_words), IN_STEP},
    [RS_KEY_CHIP] = {"chip", RS__KEY_CHIP, .otherwise = "groqchip1",
                     .help = "a chip of 'realscale list chips', or the path of a chip's JSON",
                     IN_CHIPS},
    [RS_KEY_TOPOLOGY] = {"topology", RS__KEY_TOPOLOGY,
                         .help = "a wiring of 'realscale list topologies', such as realscale:576",
                         IN_ALL},
    [RS_KEY_TENSOR] = {"sharding.tensor", COUNT("chips", 65536), .help = "chips that share a layer",
                       IN_STEP},
    [RS_KEY_PIPELINE] = {"sharding.pipeline", COUNT("stages", 65536),
                         .help = "groups of chips, one after the other", IN_STEP},
    [RS_KEY_EXPERT] = {"sharding.expert", COUNT("parts", 65536), .otherwise = "1",
                       .help = "parts of those chips that the experts are dealt to; the chips of a "
                               "part share each of its experts",
                       IN_STEP},
    [RS_KEY_DISPATCH] = {"sharding.dispatch", RS__KEY_WORD, .otherwise = "auto",
                         .help = "how rows meet experts: all on every chip, or sent where they are "
                                 "needed (expert = tensor); auto: what moves less",
                         WORDS(dispatch_words), IN_STEP},
    [RS_KEY_CAPACITY] = {"sharding.capacity", RS__KEY_FACTOR, .otherwise = "2",
                         .help = "slots of the timetable for experts, over the mean demand",
                         IN_STEP},
    [RS_KEY_SUMS] = {"sharding.sums", RS__KEY_WORD, .otherwise = "all-reduce",
                     .help = "of a layer; reduce-scatter: the residual on shards, then all-gather",
                     WORDS(sums_words), IN_STEP},
    [RS_KEY_KV_SPLIT] = {"sharding.kv_split", RS__KEY_WORD, .otherwise = "heads",
                         .help = "what chips that share a kv head (tensor > kv heads) or latents "
                                 "hold of its cache: all of it, or a part of the positions each",
                         WORDS(kv_split_words), IN_STEP},
    [RS_KEY_PLACEMENT] = {"sharding.placement", RS__KEY_WORD, .otherwise = "row",
                          .help = "of groups: one behind the other; not across the ends of racks; "
                                  "a chip of each of as many nodes",
                          WORDS(placement_words), IN_STEP},
    [RS_KEY_MICRO_BATCHES] = {"sharding.micro_batches", COUNT("batches", 65536), .otherwise = "1",
                              .help = "micro-batches in flight at once; sequences in flight are "
                                      "batch × micro_batches",
                              IN_STEP},
    [RS_KEY_REPLICAS] = {"sharding.replicas", COUNT("copies", 65536), .otherwise = "1",
                         .help = "of the whole model, each on chips of its own", IN_STEP},
    [RS_KEY_BATCH] = {"batch", COUNT("sequences", 1 << 20), .otherwise = "1",
                      .help = "sequences of a micro-batch", IN_STEP},
    [RS_KEY_CONTEXT] = {"context", COUNT("positions", 1 << 30),
                        .help = "cached positions of each sequence; prefill: of its input",
                        IN_STEP},
    [RS_KEY_GENERATE] = {"generate", COUNT("tokens", 1 << 20), .otherwise = "1",
                         .help = "tokens from that context on, over which a row is the mean",
                         IN_DECODE},
    [RS_KEY_CHUNK] = {"chunk", COUNT("positions", 1 << 20), .otherwise = "64",
                      .help = "of the input that go through the pipeline together, at most",
                      IN_PREFILL},
    [RS_KEY_NETWORK] = {"network", RS__KEY_WORD, .otherwise = "scheduled", .help = "how bytes move",
                        WORDS(network_words), IN_RUNS},
    [RS_KEY_SEED] = {"seed", COUNT(NULL, INT64_MAX), .otherwise = "1",
                     .help = "of everything that is drawn", IN_DRAWN},
    [RS_KEY_PORTS] = {"ports", COUNT("ports", 65535), .otherwise = "16",
                      .help = "ports that a chip has", IN_TOPOLOGY},
    [RS_KEY_ROUTING] = {"routing", RS__KEY_WORD, .otherwise = "minimal",
                        .help = "of packets; timetable, fluid: the network of that name",
                        WORDS(routing_words), IN_PACKETS},
    [RS_KEY_PATTERN] = {"pattern", RS__KEY_WORD, .otherwise = "uniform",
                        .help = "who sends to whom", WORDS(pattern_words), IN_TRAFFIC},
    [RS_KEY_OFFERED_LOAD] = {"offered_load", RS__KEY_SHARE, .unit = "capacity",
                             .help = "share of what all links could carry under uniform traffic",
                             IN_TRAFFIC},
    [RS_KEY_BUFFER_VECTORS] = {"buffer_vectors", COUNT("vectors", 65536), .otherwise = "64",
                               .help = "buffer of a link and virtual channel, adaptive network",
                               IN_PACKETS},
    [RS_KEY_CHANNELS] = {"virtual_channels", COUNT("channels", RS_ADAPTIVE_CHANNELS_MAX),
                         .otherwise = "0", .has_zero = true,
                         .help = "of a link, adaptive network; 0: as many as the longest path has "
                                 "hops, which no deadlock can form with",
                         IN_PACKETS},
    [RS_KEY_MEASURE_SLOTS] = {"measure_slots", COUNT("slots", 1000000), .otherwise = "1000",
                              .help = "measured time, after half of it to warm up; adaptive and "
                                      "fluid networks",
                              IN_TRAFFIC},
    [RS_KEY_COLLECTIVE] = {"collective", RS__KEY_WORD, .help = "what the chips do together",
                           WORDS(collective_words), IN_COMPILED},
    [RS_KEY_ALGORITHM] = {"algorithm", RS__KEY_ALGORITHM, .otherwise = "auto",
                          .help = "a row of 'realscale list collectives'; auto: the fastest of all "
                                  "that apply",
                          IN_COMPILED},
    [RS_KEY_BYTES] = {"bytes", RS__KEY_BYTES,
                      .help = "MPI's count: what a chip contributes, or the block of a pair "
                              "(scatter, all-to-all) or of a result (reduce-scatter)",
                      IN_COMPILED},
    [RS_KEY_CHIPS] = {"chips", RS__KEY_CHIPS, .otherwise = "all",
                      .help = "the group, such as 0-7,16; a root is its first; of send: pairs",
                      IN_COMPILED},
    [RS_KEY_TIMING] = {"timing", RS__KEY_WORD, .otherwise = "chip",
                       .help = "the chip's times, or one cycle a slot and a hop and none for the "
                               "chip",
                       WORDS(timing_words), IN_COLLECTIVE},
    [RS_KEY_DESKEW_MARGIN] =
        {"deskew_margin", COUNT("cycles", 1 << 20), .otherwise = "0", .has_zero = true,
         .help = "from a vector's nominal arrival to its receive, on every hop", IN_SCHEDULED},
    [RS_KEY_DESKEW_INTERVAL] =
        {"deskew_interval", COUNT("cycles", INT64_C(1) << 40), .otherwise = "0", .has_zero = true,
         .help = "DESKEW at the start and RUNTIME_DESKEW this often, for oscillators of ±100 ppm; "
                 "their time is part of the result; 0: none",
         IN_STALLED},
    [RS_KEY_CLOCK] = {"clock", RS__KEY_WORD, .otherwise = "hac",
                      .help = "counters aligned along a tree, or controlled frequencies",
                      WORDS(clock_words), IN_CLOCK},
    [RS_KEY_PPM] = {"ppm", DECIMAL("ppm", 100000),
                    .help = "oscillators are off by a constant within ± this", IN_CLOCK},
    [RS_KEY_WANDER] = {"wander_ppm", DECIMAL("ppm", 100000), .otherwise = "0",
                       .help = "and by a slow walk within ± this; hac", IN_CLOCK},
    [RS_KEY_OFFSETS] = {"offsets", RS__KEY_WORD, .otherwise = "uniform",
                        .help = "constants anywhere in the band, or at its ends",
                        WORDS(offset_words), IN_CLOCK},
    [RS_KEY_RESYNC] = {"resync", COUNT("cycles", INT64_C(1) << 40), .otherwise = "65536",
                       .has_zero = true,
                       .help = "from one RUNTIME_DESKEW to the next; 0: never; hac", IN_CLOCK},
    [RS_KEY_STALL] = {"stall", COUNT("cycles", 1 << 20), .otherwise = "0", .has_zero = true,
                      .help = "of a RUNTIME_DESKEW; 0: what the worst drift asks for; hac",
                      IN_CLOCK},
    [RS_KEY_LINK_SPREAD] = {"link_spread", DECIMAL("cycles", 1000), .otherwise = "2.8",
                            .help = "standard deviation of the latency of cables, cut at three",
                            IN_CLOCK},
    [RS_KEY_FIFO] = {"fifo", COUNT("vectors", 1 << 20), .otherwise = "16",
                     .help = "that may wait at a port between arrival and receive", IN_CLOCK},
    [RS_KEY_TREE] = {"tree", RS__KEY_WORD, .otherwise = "breadth-first",
                     .help =
                         "spanning tree from the group's first chip; depth-first: as deep as it "
                         "gets",
                     WORDS(tree_words), IN_CLOCK},
    [RS_KEY_DURATION] = {"duration", COUNT("cycles", INT64_C(1) << 40), .otherwise = "0",
                         .has_zero = true,
                         .help = "that the schedule is repeated for; 0: three resync intervals, at "
                                 "least 2^18, at least once",
                         IN_CLOCK},
    [RS_KEY_DRAWS] = {"draws", COUNT("draws", 1000000), .otherwise = "100",
                      .help = "of oscillators and cables", IN_CLOCK},
    [RS_KEY_GAIN_P] = {"gain_p", DECIMAL("1e-9", 1000000), .otherwise = "100",
                       .help = "of bittide, a frame", IN_CLOCK},
    [RS_KEY_GAIN_I] = {"gain_i", DECIMAL("1e-15", 1000000), .otherwise = "20",
                       .help = "of bittide-pi, a frame and tick", IN_CLOCK},
    [RS_KEY_GPUS] = {"gpus", COUNT("chips", 65536), .otherwise = "8",
                     .help = "where the chip is a GPU: how many on one switch share every layer, "
                             "instead of topology and sharding",
                     IN_MODEL},
    [RS_KEY_BOARDS] = {"boards", COUNT("boards", 4096), .otherwise = "1",
                       .help = "of GPUs: how many boards share the layers, each with a micro-batch "
                               "in flight",
                       IN_MODEL},
    [RS_KEY_PAGING] = {"paging", RS__KEY_WORD, .otherwise = "none",
                       .help = "of GPUs: whether weights that do not fit stream from the host in "
                               "every step",
                       WORDS(paging_words), IN_MODEL},
    [RS_KEY_PRICES] = {"prices", RS__KEY_PRICES, .otherwise = "none",
                       .help = "a price table of your own, a YAML file, for the cost of a million "
                               "tokens",
                       IN_DECODE},
    [RS_KEY_DRAFT] = {"speculate.draft", RS__KEY_DRAFT, .otherwise = "none",
                      .help = "a small model on the same chips, whose tokens the model verifies "
                              "several at a time",
                      IN_DECODE},
    [RS_KEY_LENGTH] = {"speculate.length", COUNT("tokens", 1024), .otherwise = "4",
                       .help = "that the draft makes before they are verified", IN_DECODE},
    [RS_KEY_ACCEPTANCE] = {"speculate.acceptance", RS__KEY_SHARE, .otherwise = "none",
                           .help = "chance of a draft's token to be kept, needed with a draft",
                           IN_DECODE},
};

static const char *const other_tops[] = {"sharding", "speculate", "sweep", "plots"};

const rs__key_row *rs__experiment_key_row(rs_key key) {
  return &keys[key];
}

const char *rs_task_word(rs_task task) {
  return task_words[task];
}

bool rs_task_parse(const char *word, rs_task *task) {
  for (size_t i = 0; i < RS_COUNT_OF(task_words); i++) {
    if (strcmp(task_words[i], word) != 0) continue;
    *task = (rs_task)i;
    return true;
  }
  return false;
}

const char *rs_network_word(rs_network network) {
  return network_words[network];
}

const char *rs_key_path(rs_key key) {
  return keys[key].path;
}

/* ---- sentences ---- */

static size_t append(char *text, size_t size, size_t used, const char *separator,
                     const char *word) {
  int length = snprintf(text + used, size - used, "%s%s", separator, word);
  if (length < 0) return used;
  return RS_MIN(used + (size_t)length, size - 1);
}

void rs__experiment_describe(rs_key key, char *text, size_t size) {
  static const char *const kinds[] = {
      [RS__KEY_NAME] = "a name of letters, digits, '-', '_' and '.'",
      [RS__KEY_WORD] = "",
      [RS__KEY_COUNT] = "",
      [RS__KEY_SHARE] = "a share above 0 and at most 1, such as 0.35",
      [RS__KEY_FACTOR] = "a factor above 0 and at most 1000, such as 1.25",
      [RS__KEY_MODEL] = "a preset of 'realscale list models', or the path of a config.json",
      [RS__KEY_DRAFT] = "none, a preset of 'realscale list models', or the path of a config.json",
      [RS__KEY_PRICES] = "none, or the path of a price table",
      [RS__KEY_CHIP] = "a chip of 'realscale list chips', or the path of a chip's JSON",
      [RS__KEY_TOPOLOGY] = "a topology such as realscale:576",
      [RS__KEY_BYTES] = "a size from 1B, such as 16KiB",
      [RS__KEY_ALGORITHM] = "auto, or an algorithm of 'realscale list collectives'",
      [RS__KEY_CHIPS] = "all, or numbers of chips such as 0-7,16",
      [RS__KEY_DECIMAL] = ""};
  const rs__key_row *row = &keys[key];
  size_t used = append(text, size, 0, "", kinds[row->kind]);
  for (size_t i = 0; i < row->word_count; i++) {
    used = append(text, size, used, i == 0 ? "" : " or ", row->words[i]);
  }
  if (row->kind == RS__KEY_DECIMAL) {
    snprintf(text, size, "a decimal from 0 to %lld of at most three places",
             (long long)row->most / 1000);
  } else if (row->kind == RS__KEY_COUNT && row->most < INT64_MAX) {
    snprintf(text, size, "a whole number from %d to %lld", row->has_zero ? 0 : 1,
             (long long)row->most);
  } else if (row->kind == RS__KEY_COUNT) {
    snprintf(text, size, "a whole number from 1");
  }
}

/* ---- names ---- */

const char *rs__experiment_scope_name(rs__scope scope) {
  if (scope == RS__SCOPE_SHARDING) return "sharding";
  return scope == RS__SCOPE_SPECULATE ? "speculate" : NULL;
}

rs__scope rs__experiment_find_scope(const char *name) {
  for (rs__scope scope = RS__SCOPE_SHARDING; scope <= RS__SCOPE_SPECULATE; scope++) {
    if (strcmp(rs__experiment_scope_name(scope), name) == 0) return scope;
  }
  return RS__SCOPE_TOP;
}

/* The path goes on with a dot behind the scope's name. */
static bool is_nested_in(const rs__key_row *row, rs__scope scope) {
  const char *name = rs__experiment_scope_name(scope);
  size_t length = strlen(name);
  return strncmp(row->path, name, length) == 0 && row->path[length] == '.';
}

static bool is_in_scope(const rs__key_row *row, rs__scope scope) {
  bool is_nested = strchr(row->path, '.') != NULL;
  switch (scope) {
    case RS__SCOPE_TOP:
      return !is_nested;
    case RS__SCOPE_SHARDING:
    case RS__SCOPE_SPECULATE:
      return is_nested_in(row, scope);
    case RS__SCOPE_SWEEP:
      return row->kind != RS__KEY_NAME && row != &keys[RS_KEY_TASK];
    case RS__SCOPE_SET:
      return true;
  }
  return false;
}

static const char *name_in_scope(const rs__key_row *row, rs__scope scope) {
  return rs__experiment_scope_name(scope) == NULL ? row->path : strchr(row->path, '.') + 1;
}

rs_key rs__experiment_find_key(rs__scope scope, const char *name) {
  for (int i = 0; i < RS_KEY_COUNT; i++) {
    if (is_in_scope(&keys[i], scope) && strcmp(name_in_scope(&keys[i], scope), name) == 0) {
      return (rs_key)i;
    }
  }
  return RS_KEY_COUNT;
}

rs_status rs__experiment_unknown_key(const rs__reader *r, const rs__place *place, const char *name,
                                     rs__scope scope) {
  static const char *const scopes[] = {[RS__SCOPE_TOP] = "",
                                       [RS__SCOPE_SHARDING] = " of sharding",
                                       [RS__SCOPE_SPECULATE] = " of speculate",
                                       [RS__SCOPE_SWEEP] = " of sweep",
                                       [RS__SCOPE_SET] = " of --set"};
  const char *names[RS_KEY_COUNT + RS_COUNT_OF(other_tops)];
  size_t count = 0;
  char what[200];
  for (size_t i = 0; i < RS_KEY_COUNT; i++) {
    if (is_in_scope(&keys[i], scope)) names[count++] = name_in_scope(&keys[i], scope);
  }
  for (size_t i = 0; scope == RS__SCOPE_TOP && i < RS_COUNT_OF(other_tops); i++) {
    names[count++] = other_tops[i];
  }
  snprintf(what, sizeof what, "unknown key '%.100s'%s", name, scopes[scope]);
  return rs__experiment_fault(r, place, what, "a key that 'realscale run --help-keys' lists",
                              rs_nearest_word(name, names, count));
}

/* ---- one value ---- */

static bool is_name(const char *text) {
  size_t length = strlen(text);
  return length >= 1 && length <= 100 && text[0] != '.' && text[0] != '-' &&
         strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
             length;
}

static rs_status check_word(const rs__reader *r, const rs__key_row *row, const char *text,
                            const rs__place *place, const char *expected) {
  char what[200];
  for (size_t i = 0; i < row->word_count; i++) {
    if (strcmp(row->words[i], text) == 0) return RS_OK;
  }
  snprintf(what, sizeof what, "%s: unknown word '%.80s'", row->path, text);
  return rs__experiment_fault(r, place, what, expected,
                              rs_nearest_word(text, row->words, row->word_count));
}

static rs_status check_count(const rs__reader *r, const rs__key_row *row, const char *text,
                             const rs__place *place, const char *expected) {
  char what[200];
  int64_t value;
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_COUNT, &value, r->diag);
  if (status == RS_OK && value >= (row->has_zero ? 0 : 1) && value <= row->most) {
    return RS_OK;
  }
  bool is_number = status == RS_OK || status == RS_E_OVERFLOW;
  snprintf(what, sizeof what, "%s: '%.80s' is %s", row->path, text,
           is_number ? "out of range" : "not a whole number");
  return rs__experiment_fault(r, place, what, expected, NULL);
}

/* In thousandths, exactly. */
bool rs__experiment_parse_decimal(const char *text, int64_t most, int64_t *milli) {
  size_t whole = strspn(text, "0123456789");
  int64_t value = 0;
  if (whole == 0 || whole > 12) return false;
  for (size_t i = 0; i < whole; i++) value = value * 10 + (text[i] - '0');
  text += whole;
  bool has_point = *text == '.';
  if (has_point) text++;
  for (int place = 0; place < 3; place++) {
    bool is_digit = has_point && *text >= '0' && *text <= '9';
    if (place == 0 && has_point && !is_digit) return false;
    has_point = is_digit;
    value = value * 10 + (is_digit ? *text++ - '0' : 0);
  }
  *milli = value;
  return *text == '\0' && value <= most;
}

static rs_status check_decimal(const rs__reader *r, const rs__key_row *row, const char *text,
                               const rs__place *place, const char *expected) {
  char what[200];
  int64_t milli;
  if (rs__experiment_parse_decimal(text, row->most, &milli)) return RS_OK;
  snprintf(what, sizeof what, "%s: '%.80s' is no such number", row->path, text);
  return rs__experiment_fault(r, place, what, expected, NULL);
}

static rs_status check_bytes(const rs__reader *r, const rs__key_row *row, const char *text,
                             const rs__place *place, const char *expected) {
  char what[200];
  int64_t bytes;
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_BYTES, &bytes, r->diag);
  if (status == RS_OK && bytes >= 1) return RS_OK;
  snprintf(
      what, sizeof what, "%s: '%.80s' is %s", row->path, text,
      status == RS_OK || status == RS_E_OVERFLOW ? "out of range" : "not a size with its unit");
  return rs__experiment_fault(r, place, what, expected, NULL);
}

/* A decimal of at most six places: read exactly, in millionths. */
static bool parse_decimal(const char *text, int64_t most_ppm, int64_t *ppm) {
  int64_t value = 0;
  int64_t weight = 1000000;
  size_t whole = strspn(text, "0123456789");
  if (whole == 0 || whole > 9) return false;
  for (size_t i = 0; i < whole; i++) value = value * 10 + (text[i] - '0');
  value *= weight;
  text += whole;
  if (*text == '.') {
    for (text++; *text >= '0' && *text <= '9' && weight > 1; text++) {
      weight /= 10;
      value += (*text - '0') * weight;
    }
  }
  *ppm = value;
  return *text == '\0' && value >= 1 && value <= most_ppm;
}

bool rs__experiment_parse_share(const char *text, int64_t *ppm) {
  return parse_decimal(text, 1000000, ppm);
}

bool rs__experiment_parse_factor(const char *text, int64_t *ppm) {
  return parse_decimal(text, INT64_C(1000) * 1000000, ppm);
}

static rs_status check_share(const rs__reader *r, const rs__key_row *row, const char *text,
                             const rs__place *place, const char *expected) {
  char what[200];
  int64_t ppm;
  bool is_share = row->kind == RS__KEY_SHARE;
  if (is_share ? rs__experiment_parse_share(text, &ppm) : rs__experiment_parse_factor(text, &ppm)) {
    return RS_OK;
  }
  snprintf(what, sizeof what, "%s: '%.80s' is no %s", row->path, text,
           is_share ? "share" : "factor");
  return rs__experiment_fault(r, place, what, expected, NULL);
}

rs_status rs__experiment_assign(const rs__reader *r, rs__draft *draft, rs_key key,
                                const rs_yaml_node *value, const char *file) {
  const rs__key_row *row = &keys[key];
  rs__place place = {file, value->line, value->column};
  char what[160], expected[160];
  rs__experiment_describe(key, expected, sizeof expected);
  if (value->kind != RS_YAML_SCALAR) {
    bool is_list = value->kind == RS_YAML_LIST;
    snprintf(what, sizeof what, "%s is %s", row->path,
             is_list ? "a list, and lists stand under sweep" : "a mapping");
    return rs__experiment_fault(r, &place, what, expected, NULL);
  }
  if (value->text[0] == '\0') {
    snprintf(what, sizeof what, "%s has no value", row->path);
    return rs__experiment_fault(r, &place, what, expected, NULL);
  }
  draft->text[key] = value->text;
  draft->place[key] = place;
  if (row->kind == RS__KEY_WORD) return check_word(r, row, value->text, &place, expected);
  if (row->kind == RS__KEY_COUNT) return check_count(r, row, value->text, &place, expected);
  if (row->kind == RS__KEY_SHARE || row->kind == RS__KEY_FACTOR) {
    return check_share(r, row, value->text, &place, expected);
  }
  if (row->kind == RS__KEY_DECIMAL) return check_decimal(r, row, value->text, &place, expected);
  if (row->kind == RS__KEY_BYTES) return check_bytes(r, row, value->text, &place, expected);
  if (row->kind != RS__KEY_NAME || is_name(value->text)) return RS_OK; /* others: resolved later */
  snprintf(what, sizeof what, "name: '%.80s' cannot name a folder", value->text);
  return rs__experiment_fault(r, &place, what, expected, NULL);
}

/* ---- the reference ---- */

static void print_value(const rs__key_row *row, char *text, size_t size) {
  static const char *const kinds[] = {[RS__KEY_NAME] = "name",
                                      [RS__KEY_WORD] = "",
                                      [RS__KEY_COUNT] = "",
                                      [RS__KEY_SHARE] = "share up to 1",
                                      [RS__KEY_FACTOR] = "factor up to 1000",
                                      [RS__KEY_MODEL] = "model",
                                      [RS__KEY_DRAFT] = "model",
                                      [RS__KEY_CHIP] = "chip",
                                      [RS__KEY_TOPOLOGY] = "topology",
                                      [RS__KEY_BYTES] = "size",
                                      [RS__KEY_ALGORITHM] = "algorithm",
                                      [RS__KEY_CHIPS] = "chips",
                                      [RS__KEY_PRICES] = "file",
                                      [RS__KEY_DECIMAL] = ""};
  size_t used = append(text, size, 0, "", kinds[row->kind]);
  for (size_t i = 0; i < row->word_count; i++) {
    used = append(text, size, used, i == 0 ? "" : "|", row->words[i]);
  }
  if (row->kind == RS__KEY_COUNT && row->most < INT64_MAX) {
    snprintf(text, size, "%s to %lld", row->has_zero ? "0" : "count", (long long)row->most);
  } else if (row->kind == RS__KEY_DECIMAL) {
    snprintf(text, size, "0 to %lld", (long long)row->most / 1000);
  } else if (row->kind == RS__KEY_COUNT) {
    snprintf(text, size, "count");
  }
}

static void print_line(rs_sink *sink, const char *key, const char *tasks, const char *value,
                       const char *unit, const char *otherwise, const char *help) {
  rs_sink_printf(sink, "%-23s %-31s %-21s %-10s %-13s %s\n", key, tasks, value, unit, otherwise,
                 help);
}

static void print_row(rs_sink *sink, const rs__key_row *row) {
  char value[160], tasks[80] = "all";
  size_t used = 0;
  for (size_t t = 0; t < RS_TASK_COUNT && row->tasks != ALL_TASKS; t++) {
    bool is_step = t == RS_TASK_CLOCK && (row->tasks >> RS__CLOCK_OF_A_STEP & 1) != 0;
    if ((row->tasks >> t & 1) == 0 && !is_step) continue;
    used = append(tasks, sizeof tasks, used, used == 0 ? "" : ",", task_words[t]);
  }
  print_value(row, value, sizeof value);
  const char *otherwise = row->otherwise == NULL ? "(needed)" : row->otherwise;
  /* Long lists of words get a line of their own, so that columns stay where they are. */
  if (strlen(value) > 21) {
    print_line(sink, row->path, tasks, "word", row->unit == NULL ? "-" : row->unit, otherwise,
               row->help);
    rs_sink_printf(sink, "%-23s   one of %s\n", "", value);
    return;
  }
  print_line(sink, row->path, tasks, value, row->unit == NULL ? "-" : row->unit, otherwise,
             row->help);
}

void rs_experiment_print_keys(rs_sink *sink) {
  print_line(sink, "key", "task", "value", "unit", "default", "meaning");
  for (size_t i = 0; i < RS_COUNT_OF(keys); i++) print_row(sink, &keys[i]);
  print_line(sink, "sweep", "all", "mapping of lists", "-", "none",
             "values for any key above but name and task; points are the product of all lists, the "
             "first key slowest");
  print_line(
      sink, "plots", "all", "list of mappings", "-", "one",
      "pictures: kind (line, bar, map, pareto, stack for decode, wirings for topology), x, y and "
      "by (columns of the results), of lines bound (a column) and log (none, x, y, xy; of pareto "
      "too), "
      "of maps bound, title");
}
