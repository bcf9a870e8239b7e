/* Wirings as text: what is written reads back to the same digest; what is wrong says where. */
#include <igraph.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rs_graph_read.h"
#include "rs_graph_write.h"
#include "rs_random.h"
#include "rs_test_topology.h"

static rs_text write_graph(rs_arena *arena, const rs_wiring *wiring, rs_graph_format format,
                           const rs_graph_write_options *options) {
  rs_text text;
  rs_diag diag = {0};
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  assert_ok(rs_graph_write(arena, wiring, format, options, &sink, &diag), &diag);
  assert_false(text.failed);
  return text;
}

static void check_round_trip(rs_arena *arena, const rs_wiring *wiring, rs_graph_format format) {
  rs_text text = write_graph(arena, wiring, format, NULL);
  rs_topology *topology = NULL;
  rs_wiring *again = NULL;
  rs_diag diag = {0};
  rs_topology_options options = {.ports_max = 100};
  assert_ok(rs_topology_from_text(arena, "file:x", text.bytes, text.length, &topology, &diag),
            &diag);
  assert_string_equal(rs_topology_spec(topology), "file:x");
  assert_int_equal(rs_topology_chip_count(topology), wiring->chip_count);
  assert_ok(rs_topology_build(arena, topology, &options, &again, &diag), &diag);
  assert_int_equal(rs_wiring_digest(again), rs_wiring_digest(wiring));
  assert_int_equal(again->node_of == NULL, wiring->node_of == NULL);
  assert_int_equal(again->rack_of == NULL, wiring->rack_of == NULL);
  if (wiring->node_of != NULL) {
    assert_memory_equal(again->node_of, wiring->node_of, wiring->chip_count * sizeof(uint32_t));
    assert_memory_equal(again->rack_of, wiring->rack_of, wiring->chip_count * sizeof(uint32_t));
  }
  rs_text_deinit(&text);
}

static void every_family_reads_back_to_the_same_digest(void **state) {
  size_t count;
  const rs_topology_family *families = rs_topology_families(&count);
  (void)state;
  for (size_t i = 0; i < count; i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_wiring *wiring = build_spec(arena, families[i].example);
    check_round_trip(arena, wiring, RS_GRAPH_GRAPHML);
    check_round_trip(arena, wiring, RS_GRAPH_EDGES);
    rs_arena_destroy(arena);
  }
}

/* Copies, a short last node and rack, two levels. */
static void systems_of_nodes_read_back(void **state) {
  static const char *const specs[] = {"realscale:8",   "realscale:16",   "realscale:272",
                                      "realscale:576", "realscale:1000", "realscale:10440"};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_wiring *wiring = build_spec(arena, specs[i]);
    check_round_trip(arena, wiring, RS_GRAPH_GRAPHML);
    check_round_trip(arena, wiring, RS_GRAPH_EDGES);
    rs_arena_destroy(arena);
  }
}

/* igraph as the second reader: the same counts and the same adjacency. */
static void igraph_reads_our_graphml(void **state) {
  static const char *const specs[] = {"realscale:264", "imase-itoh:3,40"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_wiring *wiring = build_spec(*state, specs[i]);
    rs_text text = write_graph(*state, wiring, RS_GRAPH_GRAPHML, NULL);
    FILE *stream = fmemopen(text.bytes, text.length, "r");
    igraph_t graph;
    igraph_integer_t edge;
    assert_non_null(stream);
    assert_int_equal(igraph_read_graph_graphml(&graph, stream, 0), IGRAPH_SUCCESS);
    assert_int_equal(igraph_vcount(&graph), wiring->chip_count);
    assert_int_equal(igraph_ecount(&graph), wiring->cable_count);
    for (uint32_t l = 0; l < wiring->link_count; l++) {
      assert_int_equal(igraph_get_eid(&graph, &edge, wiring->links[l].from, wiring->links[l].to,
                                      IGRAPH_DIRECTED, /*error=*/0),
                       IGRAPH_SUCCESS);
      assert_true(edge >= 0);
    }
    igraph_destroy(&graph);
    fclose(stream);
    rs_text_deinit(&text);
  }
}

static size_t count_of(const char *text, const char *word) {
  size_t count = 0;
  for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) count++;
  return count;
}

/* 264 chips, 1,452 cables, 2,904 links, no two between the same chips. */
static void other_formats_have_every_chip_and_cable(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:264");
  rs_graph_write_options options = {.title = "a <\"b\">"};
  rs_text dot = write_graph(*state, wiring, RS_GRAPH_DOT, &options);
  assert_int_equal(count_of(dot.bytes, " -- "), 1452);
  assert_int_equal(count_of(dot.bytes, "color=orange"), 405);
  rs_text platform = write_graph(*state, wiring, RS_GRAPH_SIMGRID, &options);
  assert_int_equal(count_of(platform.bytes, "<host "), 264);
  assert_int_equal(count_of(platform.bytes, "<link "), 2904);
  assert_int_equal(count_of(platform.bytes, "<route "), 2904);
  assert_non_null(strstr(platform.bytes, "id=\"a &lt;&quot;b&quot;&gt;\""));
  rs_text_deinit(&dot);
  rs_text_deinit(&platform);
}

/* 72 chips are drawn one by one: a circle a chip, and a line a cable, since no two cables join the same
 * chips. The matrix has a cell for each of 792 links, 540/72 = 7.5 wide: 5,940 in runs. */
static void a_small_picture_has_every_chip_and_cable(void **state) {
  rs_graph_write_options options = {.title = "a <\"b\">"};
  rs_text picture = write_graph(*state, build_spec(*state, "realscale:72"), RS_GRAPH_SVG, &options);
  assert_non_null(strstr(picture.bytes, ">a &lt;&quot;b&quot;&gt;: 72 chips, 396 cables</text>"));
  assert_int_equal(count_of(picture.bytes, "<circle "), 72);
  double cells = 0;
  size_t paths = 0;
  for (const char *at = picture.bytes; (at = strstr(at, "stroke-width=\"7.500\" d=\"")) != NULL;) {
    paths++;
    for (at = strchr(strstr(at, " d="), '"') + 1; *at != '"'; at++) {
      if (*at == 'h') cells += strtod(at + 1, NULL);
    }
  }
  assert_int_equal(paths, 3);
  assert_true(fabs(cells - 5940) < 0.5);
  const char *panel = strstr(picture.bytes, "All links");
  size_t lines = count_of(picture.bytes, "<path d=\"M") - count_of(panel, "<path d=\"M");
  assert_int_equal(lines, 396);
  rs_text_deinit(&picture);
}

/* 264 chips are 4 racks, 3 of 9 nodes and one of 6, a cable a pair of nodes: 81 between two of the
 * first, 54 to the last, 36 in a rack beside 9·28 in its nodes. Circles: 4 racks, the 72 chips of the
 * first rack, the 8 chips of the first node. Of those 8, 4 cables each leave: 32 numbers. */
static void a_large_picture_zooms(void **state) {
  rs_text picture = write_graph(*state, build_spec(*state, "realscale:264"), RS_GRAPH_SVG, NULL);
  const char *rack = strstr(picture.bytes, "Rack 0 in full: 72 chips");
  const char *node = strstr(picture.bytes, "Node 0 in full: 8 chips");
  assert_true(rack != NULL && node > rack);
  assert_int_equal(count_of(picture.bytes, "<circle "), 4 + 72 + 8);
  assert_int_equal(count_of(picture.bytes, ">81</text>"), 3);
  /* Chip 54 is not at the end of a cable of node 0. */
  assert_int_equal(count_of(picture.bytes, ">54</text>"), 3);
  assert_non_null(strstr(picture.bytes, "4 racks of 72 chips, 288 cables inside the first."));
  assert_non_null(strstr(picture.bytes, "6 of 6 pairs are joined, by 54 to 81 cables"));
  assert_int_equal(count_of(node, "rotate("), 32);
  rs_text_deinit(&picture);
}

/* Any wiring has a picture: every family's example, and places that fit badly. */
static void every_wiring_has_a_picture(void **state) {
  static const char *const places[] = {"0 0", "1 1", "5 0", "0 7", "4 300", "150 150", "2 4"};
  size_t families;
  const rs_topology_family *rows = rs_topology_families(&families);
  for (size_t i = 0; i < families + RS_COUNT_OF(places); i++) {
    rs_topology *topology;
    rs_wiring *wiring;
    rs_diag diag = {0};
    if (i < families) {
      wiring = build_spec(*state, rows[i].example);
    } else {
      const char *text =
          rs_arena_printf(*state, "chips 300\nplaces %s\n0 1\n0 299\n7 8\n", places[i - families]);
      assert_ok(rs_topology_from_text(*state, "file:p", text, strlen(text), &topology, &diag),
                &diag);
      assert_ok(rs_topology_build(*state, topology, NULL, &wiring, &diag), &diag);
    }
    rs_text picture = write_graph(*state, wiring, RS_GRAPH_SVG, NULL);
    assert_int_equal(count_of(picture.bytes, "height=\"100%\" fill=\"white\"/>"), 1);
    assert_int_equal(count_of(picture.bytes, "nan") + count_of(picture.bytes, "inf"), 0);
    assert_int_equal(count_of(picture.bytes, "<g "), count_of(picture.bytes, "</g>"));
    assert_int_equal(count_of(picture.bytes, "<text "), count_of(picture.bytes, "</text>"));
    rs_text_deinit(&picture);
  }
}

/* 320 B every 2952/125 cycles of 900 MHz: 320·9e8·125/2952 = 12,195,121,951.2 B/s; 216 cycles are
 * 240 ns. Two nodes have 4 copies a chip pair: one link of 48,780,487,804 B/s. */
static void platforms_carry_rates_and_latencies(void **state) {
  rs_timing timing;
  rs_timing_init_unit(&timing);
  timing.clock_hz = 900000000;
  timing.vector_bytes = 320;
  timing.slot_num = 2952;
  timing.slot_den = 125;
  for (int c = 0; c < RS_CABLE_CLASS_COUNT; c++) timing.latency_cycles[c] = 216;
  rs_graph_write_options options = {.timing = &timing};
  rs_wiring *wiring = build_spec(*state, "realscale:16");
  rs_text text = write_graph(*state, wiring, RS_GRAPH_SIMGRID, &options);
  assert_non_null(
      strstr(text.bytes, "<link id=\"0-1\" bandwidth=\"12195121951Bps\" latency=\"240000ps\"/>"));
  assert_non_null(
      strstr(text.bytes, "<link id=\"0-8\" bandwidth=\"48780487804Bps\" latency=\"240000ps\"/>"));
  rs_text_deinit(&text);
}

static void formats_are_told_by_their_ending(void **state) {
  static const struct {
    const char *name;
    rs_graph_format format;
  } cases[] = {{"a.graphml", RS_GRAPH_GRAPHML},
               {"a.b.dot", RS_GRAPH_DOT},
               {"x/y.edges", RS_GRAPH_EDGES},
               {"p.xml", RS_GRAPH_SIMGRID},
               {"p.svg", RS_GRAPH_SVG}};
  rs_graph_format format;
  rs_diag diag = {0};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    assert_ok(rs_graph_format_of_name(cases[i].name, &format, &diag), &diag);
    assert_int_equal(format, cases[i].format);
  }
  assert_int_equal(rs_graph_format_of_name("a.pdf", &format, &diag), RS_E_INPUT);
  assert_int_equal(rs_graph_format_of_name(".svg", &format, &diag), RS_E_INPUT);
}

static int refuse_bytes(void *context, const char *bytes, size_t length) {
  (void)context;
  (void)bytes;
  (void)length;
  return 1;
}

static void a_full_disk_is_said(void **state) {
  rs_wiring *wiring = build_spec(*state, "mesh:3");
  for (int format = 0; format < RS_GRAPH_FORMAT_COUNT; format++) {
    rs_sink sink = {.write = refuse_bytes};
    rs_diag diag = {0};
    assert_int_equal(rs_graph_write(*state, wiring, (rs_graph_format)format, NULL, &sink, &diag),
                     RS_E_SYSTEM);
  }
}

/* ---- reading what others write ---- */

static void foreign_graphml_is_read(void **state) {
  static const char text[] =
      "<?xml version='1.0'?>\n<!-- from elsewhere -->\n"
      "<graphml><key id=\"d0\" for=\"edge\" attr.name=\"class\"/><key id='w' attr.name='weight'/>\n"
      "<graph edgedefault=\"undirected\"><desc>three</desc>\n"
      "<edge source=\"b\" target=\"a&amp;c\"><data key=\"d0\"> rack </data></edge>\n"
      "<node id=\"a&amp;c\"/><node id=\"b\"><data key=\"w\">7</data></node><node id=\"c\"/>\n"
      "<edge source=\"c\" target=\"b\" directed=\"false\"/></graph></graphml>";
  rs_topology *topology = NULL;
  rs_wiring *wiring = NULL;
  rs_diag diag = {0};
  assert_ok(rs_topology_from_text(*state, "file:t", text, sizeof text - 1, &topology, &diag),
            &diag);
  assert_ok(rs_topology_build(*state, topology, NULL, &wiring, &diag), &diag);
  assert_int_equal(wiring->chip_count, 3);
  assert_int_equal(wiring->cable_count, 2);
  assert_int_equal(wiring->links[0].to, 1); /* a&c – b */
  assert_int_equal(wiring->links[0].cable_class, RS_CABLE_RACK);
  assert_int_equal(wiring->links[2].to, 2); /* b – c, by place */
  assert_int_equal(wiring->links[2].cable_class, RS_CABLE_NODE);
  assert_null(wiring->node_of);
}

typedef struct bad_text {
  const char *text;
  int line, column;
  const char *what;
} bad_text;

#define HEAD "<graphml><graph edgedefault='undirected'>\n"

static const bad_text bad_texts[] = {
    {"<graphml>", 1, 10, "the text ends inside <graphml>"},
    {"<graphml></graph>", 1, 10, "'</graph>' closes nothing"},
    {"<!DOCTYPE x [<!ENTITY a 'b'>]><graphml/>", 1, 1, "document types"},
    {"<graphml/>", 0, 0, "no <graph>"},
    {"<graphml><graph/></graphml>", 1, 10, "does not say whether edges are directed"},
    {HEAD "<node/></graph></graphml>", 2, 1, "a <node> without an id"},
    {HEAD "<node id='a'/><node id='a'/></graph></graphml>", 0, 0, "two nodes are called 'a'"},
    {HEAD "<node id='a'/>\n <edge source='a' target='z'/></graph></graphml>", 3, 2,
     "no node is called 'z'"},
    {HEAD "<node id='a'/><edge source='a' target='a'/></graph></graphml>", 2, 15,
     "from a chip to itself"},
    {HEAD "<node id=a/></graph></graphml>", 2, 1, "attribute 'id' has no quoted value"},
    {HEAD "<hyperedge/></graph></graphml>", 2, 1, "<hyperedge> is not read"},
    {HEAD "<edge source='a' target='b' directed='true'/></graph></graphml>", 2, 1,
     "directed and undirected"},
    {HEAD "</graph></graphml>", 0, 0, "the graph has no chips"},
    {"", 0, 0, "the graph has no chips"},
    {"# nothing\n", 0, 0, "the graph has no chips"},
    {"0 1\n1 x\n", 2, 3, "not a number: 'x'"},
    {"0 1 nod\n", 1, 5, "unknown cable class: 'nod'"},
    {"\n\n  3 3", 3, 5, "from a chip to itself: '3'"},
    {"chips 4\n0 4\n", 2, 3, "no such chip: '4'"},
    {"0 99999999\n", 1, 3, "a number out of range"},
    {"0\n", 1, 1, "not a line of a list of edges"},
    {"0 1 node 7 8\n", 1, 12, "more words than a line can use"},
};

static void bad_texts_say_where(void **state) {
  for (size_t i = 0; i < RS_COUNT_OF(bad_texts); i++) {
    const bad_text *bad = &bad_texts[i];
    rs_topology *topology;
    rs_diag diag = {0};
    rs_status status =
        rs_topology_from_text(*state, "file:t", bad->text, strlen(bad->text), &topology, &diag);
    if (strstr(diag.what, bad->what) == NULL || diag.line != bad->line ||
        diag.column != bad->column) {
      fail_msg("%s\n%d:%d: %s", bad->text, diag.line, diag.column, diag.what);
    }
    assert_int_equal(status, RS_E_INPUT);
    assert_int_equal(
        rs_topology_from_text(*state, "file:t", bad->text, strlen(bad->text), &topology, NULL),
        RS_E_INPUT);
  }
}

static void a_graph_with_too_many_ports_is_infeasible(void **state) {
  static const char star[] = "0 1\n0 2\n0 3\n";
  rs_topology *topology = NULL;
  rs_wiring *wiring;
  rs_topology_options two = {.ports_max = 2};
  rs_diag diag = {0};
  assert_ok(rs_topology_from_edges(*state, "file:star", star, strlen(star), &topology, &diag),
            &diag);
  assert_int_equal(rs_topology_build(*state, topology, &two, &wiring, &diag), RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "file:star needs 3 ports a chip, and a chip has 2");
}

static void mutated_texts_do_no_harm(void **state) {
  const uint64_t seed = 99;
  rs_random random;
  rs_text originals[2];
  rs_wiring *wiring = build_spec(*state, "realscale:16");
  originals[0] = write_graph(*state, wiring, RS_GRAPH_GRAPHML, NULL);
  originals[1] = write_graph(*state, wiring, RS_GRAPH_EDGES, NULL);
  print_message("seed %llu\n", (unsigned long long)seed);
  rs_random_init(&random, seed, 0);
  rs_arena *arena = rs_arena_create(0);
  for (int i = 0; i < 2000; i++) {
    const rs_text *original = &originals[i % 2];
    size_t length = original->length;
    char *text = malloc(length); /* exact, so that reading past the end is seen */
    memcpy(text, original->bytes, length);
    for (uint64_t k = 1 + rs_random_below(&random, 6); k > 0; k--) {
      size_t at = (size_t)rs_random_below(&random, length);
      size_t from = (size_t)rs_random_below(&random, length);
      size_t run = (size_t)rs_random_below(&random, RS_MIN(20, length - RS_MAX(at, from)) + 1);
      if (rs_random_below(&random, 2) == 0) {
        memmove(text + at, text + from, run);
      } else {
        text[at] = (char)rs_random_below(&random, 256);
      }
    }
    if (rs_random_below(&random, 4) == 0) length = (size_t)rs_random_below(&random, length + 1);
    rs_topology *topology = NULL;
    rs_wiring *built;
    rs_diag diag = {0};
    rs_status status = rs_topology_from_text(arena, "file:m", text, length, &topology, &diag);
    if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &built, &diag);
    assert_true(status == RS_OK || diag.what[0] != '\0');
    free(text);
    rs_arena_reset(arena);
  }
  rs_arena_destroy(arena);
  rs_text_deinit(&originals[0]);
  rs_text_deinit(&originals[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_family_reads_back_to_the_same_digest),
      cmocka_unit_test(systems_of_nodes_read_back),
      cmocka_unit_test(igraph_reads_our_graphml),
      cmocka_unit_test(other_formats_have_every_chip_and_cable),
      cmocka_unit_test(a_small_picture_has_every_chip_and_cable),
      cmocka_unit_test(a_large_picture_zooms),
      cmocka_unit_test(every_wiring_has_a_picture),
      cmocka_unit_test(platforms_carry_rates_and_latencies),
      cmocka_unit_test(formats_are_told_by_their_ending),
      cmocka_unit_test(a_full_disk_is_said),
      cmocka_unit_test(foreign_graphml_is_read),
      cmocka_unit_test(bad_texts_say_where),
      cmocka_unit_test(a_graph_with_too_many_ports_is_infeasible),
      cmocka_unit_test(mutated_texts_do_no_harm),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}
