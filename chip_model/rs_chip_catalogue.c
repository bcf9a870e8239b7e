/*
 * The chips, a number a line with its source.
 *
 * Confidence: P primary source, P2 primary figure through a reader's notes, S press or third party,
 * W weak, I our arithmetic, F fitted. Derivations and ranges: docs/chip_model.md.
 *
 * Sources: [TSP] Abts et al., "Think fast: a tensor streaming processor", ISCA 2020. [NET] Abts et
 * al., "A software-defined tensor streaming multiprocessor for large-scale machine learning", ISCA
 * 2022. [LSTM] the vendor's public sample program for LSTM steps in int8 (GroqAPI, lstm notebook),
 * its row at hidden 512. [H14] Horowitz, "Computing's energy problem", ISSCC 2014.
 */
#include <string.h>

#include "rs_chip.h"

static const rs_chip chips[] = {
    {
        .name = "groqchip1",
        .summary = "first LPU: 220 MiB SRAM, 750 TOP/s int8, 900 MHz, 16 C2C ports of 12.5 GB/s",
        .timing =
            {
                .name = "groqchip1",
                .clock_hz = 900000000, /* P  [NET]; 1 to 1.25 GHz also published */
                .vector_bytes = 320,   /* P  [TSP] */
                .slot_num = 2952,      /* I  328 B on the wire (P2, 2.5 % overhead) at 12.5 GB/s */
                .slot_den = 125,       /*    (P): 26.24 ns = 2952/125 cycles of 1/900 MHz */
                .latency_cycles =
                    {216,           /* P2 mean of the echo over a node's links */
                     222,           /* I  + 1.25 m of copper at 5 ns/m = 6 cycles */
                     258},          /* I  + 9.25 m of fibre at 5 ns/m = 42 cycles; 10 m assumed */
                .send_cycles = 207, /* I  0.7 µs a memory-to-memory hop (W, 2.1 µs over 3 hops) */
                .receive_cycles = 207, /*    = 630 cycles, less 216, halved; range 0 … 304 each */
                .forward_cycles =
                    207,          /* I  one crossing of the chip; five hops stay below 3 µs (P) */
                .add_cycles = 20, /* S  an instruction takes 20 cycles to cover 320 lanes */
                .adds_per_cycle = 16, /* P  5,120 ALUs / 320 lanes */
            },
        .ports = 16,                               /* P  [TSP]; the shipped card uses 11 */
        .sram_bytes = INT64_C(220) << 20,          /* P  88 slices of 2.5 MiB */
        .sram_read_bytes_per_cycle = 88 * 2 * 320, /* I  two 320 B ports a slice */
        .stream_bytes_per_cycle = 64 * 320,        /* P2 32 eastward and 32 westward streams */
        .planes = 4,                               /* P  [TSP] */
        .plane_rows = 320,
        .plane_columns = 320,
        .tile_load_cycles = 40, /* P  all 409,600 weights in less than 40 cycles; range 40 … 52 */
        .pass_cycles = {[RS_INT8] = 1,
                        [RS_FP16] =
                            2}, /* P  4·320²·2·0.9 GHz = 737 TOP/s of 750 int8; fp16 a quarter */
        .planes_per_tile =
            {[RS_INT8] = 1, [RS_FP16] = 2}, /* P  fp16 takes two byte planes in tandem */
        .expand_ops = 2,              /* I  unpack and scale: the first chip has no other way */
        .matrix_latency_cycles = 166, /* F  [LSTM] intercept: 326 less two vector passes */
        .lanes = 320,
        .alus_per_lane = 16,         /* P  5,120 / 320 */
        .vector_latency_cycles = 80, /* I  22 + 22 of transit, 20 of skew, 16 chained ALUs */
        .gate_vector_cycles = 2,     /* F  [LSTM] slope: (24 − 8) / 8; 1 of copies, 1 of work */
        .sram_pj_per_bit = 0.3,      /* P  [NET] */
        .mac_pj = {[RS_INT8] = 0.08,
                   [RS_FP16] = 0.5}, /* I  [H14] 45 nm: 0.3 and 2.0 pJ, scaled by 1/4 to 14 nm */
        .vector_op_pj = 0.6,         /* I  [H14] mean of fp32 add 0.9 and multiply 3.7 pJ, scaled */
        .c2c_pj_per_bit = 5.5,       /* I  not published; range 3 … 8 */
        .static_w = 74,              /* I  40 % of the 185 W average (P2); range 30 … 130 */
    },
};

const rs_chip *rs_chip_catalogue(size_t *count) {
  *count = RS_COUNT_OF(chips);
  return chips;
}

const rs_chip *rs_chip_find(const char *name) {
  for (size_t i = 0; i < RS_COUNT_OF(chips); i++) {
    if (strcmp(chips[i].name, name) == 0) return &chips[i];
  }
  return NULL;
}
