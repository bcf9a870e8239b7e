/*
 * A compiled collective on a network that decides by itself when and which way: its transfers as messages
 * that wait for what they carry, as packets in queues or as flows. The row is that of the timetable, but
 * for what another network changes.
 */
#include "rs__result.h"
#include "rs_fluid.h"

static rs_status run_messages(rs_arena *scratch, const rs_point *point, const rs__collective *c,
                              const rs_messages *messages, rs_messages_result *result,
                              rs_diag *diag) {
  uint64_t sum;
  uint8_t *distance = rs__result_distances(scratch, c->wiring, &sum);
  if (distance == NULL) return rs_arena_failed(scratch, diag);
  if (c->network == RS_NETWORK_FLUID) {
    const rs_fluid_options options = {.program = rs__result_simgrid_program()};
    const rs_fluid_traffic_config config = {.distance = distance,
                                            .router_cycles = c->timing.forward_cycles};
    return rs_fluid_messages(scratch, c->wiring, &c->timing, &config, messages, &options, result,
                             diag);
  }
  const rs_adaptive_config config = {.routing = point->routing,
                                     .distance = distance,
                                     .router_cycles = c->timing.forward_cycles,
                                     .buffer_vectors = point->buffer_vectors,
                                     .channels = point->virtual_channels,
                                     .seed = 1};
  return rs_adaptive_messages(scratch, c->wiring, &c->timing, &config, messages, result, diag);
}

static void clear(rs_result *r, const char *column) {
  *rs_result_cell(r, column) = (rs_cell){.kind = RS_CELL_ABSENT};
}

/* What only the timetable has: its bursts, its slack, and the times, which are set anew. */
static void clear_timetable(rs_result *r) {
  static const char *const columns[] = {"makespan_cycles",
                                        "makespan_s",
                                        "bus_bandwidth_bytes_per_s",
                                        "ratio_to_lower_bound",
                                        "bursts",
                                        "vector_hops",
                                        "links_used",
                                        "busiest_link",
                                        "busiest_link_bytes",
                                        "slack_cycles_min",
                                        "received_slack_cycles_min"};
  for (size_t i = 0; i < RS_COUNT_OF(columns); i++) clear(r, columns[i]);
}

static void fill(rs_arena *arena, const rs__collective *c, const rs_messages_result *result,
                 rs_result *r) {
  char name[64];
  rs__collective_fill_times(c, result->end_cycles, r);
  rs_result_set_i64(r, "vector_hops", (int64_t)result->hops);
  rs_result_set_i64(r, "links_used", result->links_used);
  if (result->busiest_link == RS_NONE) return;
  rs_wiring_link_name(c->wiring, result->busiest_link, name, sizeof name);
  rs_result_set_text(arena, r, "busiest_link", name);
  rs_result_set_i64(r, "busiest_link_bytes",
                    (int64_t)result->busiest_link_vectors * c->timing.vector_bytes);
}

rs_status rs__result_messages(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                              rs__collective *c, rs_result *r, rs_diag *diag) {
  rs_messages *messages;
  rs_messages_result result;
  rs_diag why = {0};
  bool is_fluid = c->network == RS_NETWORK_FLUID;
  clear_timetable(r);
  rs_result_set_text(arena, r, "routing", is_fluid ? "fluid" : rs_routing_word(point->routing));
  if (!is_fluid) rs_result_set_i64(r, "buffer_vectors", point->buffer_vectors);
  rs_status status =
      rs_messages_extract(scratch, c->schedule, c->wiring, /*segment_vectors=*/0, &messages, &why);
  if (status == RS_OK) {
    rs_result_set_i64(r, "messages", messages->message_count);
    status = run_messages(scratch, point, c, messages, &result, &why);
  }
  if (status != RS_OK) return rs__result_explain(arena, status, &why, r, diag);
  fill(arena, c, &result, r);
  return RS_OK;
}
