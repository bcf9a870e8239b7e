/*
 * Shared inside collectives/ by the compilers: the plan, a graph of tasks.
 *
 * An algorithm says only *what* moves: a task is a burst without a start, and an edge says that one
 * task reads what another wrote (or may only land after it). *When* is decided by rs__plan_run, the
 * same for all algorithms: list scheduling by the longest way still to go. So a new algorithm is a
 * function that appends tasks and edges, and causality is written down once.
 *
 * Invariant: an edge leads from a task to a later one (ids are a topological order).
 * All memory is the plan's arena; a plan is thrown away after its trial.
 */
#ifndef RS__COLLECTIVE_H
#define RS__COLLECTIVE_H

#include "rs_collective.h"

typedef struct rs__task {
  int64_t start_cycles; /* the earliest start until it is booked, then the start */
  int64_t count;        /* vectors */
  int64_t source_offset;
  int64_t target_offset;
  uint32_t link;        /* RS_NONE: a join, which takes no time and only gathers edges */
  uint32_t pending;     /* tasks before it that are not booked yet */
  uint32_t first_edge;  /* RS_NONE: nothing follows */
  uint32_t rank;        /* hops still to go after this one, along the longest way */
  uint32_t left, right; /* in the queue of its link */
  uint32_t lane;        /* of the receiver's vector unit, or RS_NONE */
  uint32_t meets;       /* the plan's own: the task with which it lands together, or RS_NONE */
  uint8_t source, target, action;
  bool result; /* what it writes is part of the receiver's result */
  bool rides;  /* the plan's own: it is one transmission with the task before it */
} rs__task;

/* What a booked task is in a schedule. */
static inline rs_burst rs__task_burst(const rs__task *task, uint32_t op) {
  return (rs_burst){.start_cycles = task->start_cycles,
                    .count = task->count,
                    .source_offset = task->source_offset,
                    .target_offset = task->target_offset,
                    .link = task->link,
                    .op = op,
                    .stride = 1,
                    .source = task->source,
                    .target = task->target,
                    .action = task->action};
}

typedef enum rs__edge_kind {
  RS__READS,  /* the later task reads what the earlier one wrote */
  RS__LANDS,  /* the later task may arrive only when what the earlier one wrote is in SRAM */
  RS__MEETS,  /* the same, or together with it; both move the same run to the same place */
  RS__CLEARS, /* the later task may arrive only after the earlier one has read what it overwrites */
  RS__FOLLOWS /* the later task may start only when the earlier one has left its link */
} rs__edge_kind;

typedef struct rs__edge {
  uint32_t task; /* the later one */
  uint32_t next;
  rs__edge_kind kind;
} rs__edge;

/* `writer` must land after `reader` has departed; checked after booking. */
typedef struct rs__guard {
  uint32_t reader, writer;
} rs__guard;

/* What a row may be tried with. */
typedef struct rs__variant {
  int64_t splits; /* shards, or pieces a block: the row says which */
  bool relays;    /* chips outside the group may forward */
} rs__variant;

/* Vectors [offset, offset + count) of a buffer. */
typedef struct rs__run {
  int64_t offset;
  int64_t count;
} rs__run;

/* Where data comes from at the root of a spread or at the start of a path. */
typedef struct rs__origin {
  rs_buffer buffer;
  int64_t offset;
  uint32_t after; /* the task that fills it, or RS_NONE: it is the chip's own input */
} rs__origin;

/* A path that is wanted. */
typedef struct rs__demand {
  uint32_t from, to;
  rs__origin origin;
  rs__run target; /* in `out` of `to` */
  uint32_t hops;  /* filled by routing, as is links */
  uint32_t *links;
} rs__demand;

/* A part of a task that is turned to all racks; see rs_plan_turned.c. Offsets in vectors. */
typedef struct rs__turned_part {
  int64_t start_cycles;
  int64_t first, count; /* vectors of the task */
  int64_t source_offset, target_offset;
  uint32_t task, link;
  uint32_t turn; /* racks from the source's to the one that the link leaves */
  uint32_t on;   /* and to the destination's */
  uint32_t key;  /* area of staging */
  uint8_t source, target;
} rs__turned_part;

typedef struct rs__turned {
  rs__turned_part *parts; /* by start when the plan is done */
  uint32_t part_count, part_capacity;
  uint32_t shift, turns; /* chips a rack, racks */
} rs__turned;

/* A task that may start no earlier than vectors [offset, offset + count) of a member's input allow. */
typedef struct rs__wait {
  int64_t offset, count;
  int64_t
      then_cycles; /* from when they are in SRAM to the start; negative: they may come on the way */
  uint32_t task, chip;
} rs__wait;

/* What rs__plan_may_add said of a link. */
typedef struct rs__ask {
  uint32_t link, places;
  bool may;
} rs__ask;

typedef struct rs__slice {
  int64_t start_cycles, vectors;
} rs__slice;

typedef struct rs__units rs__units;

typedef struct rs__plan {
  rs_arena *arena;      /* tasks and edges */
  rs_arena *tree_arena; /* the tree at hand; emptied for each */
  const rs_wiring *wiring;
  const rs_timing *timing;
  const rs_collective_request *request;
  rs_calendar *calendar;    /* in which it will be booked */
  const uint32_t *position; /* [chip] place in the group, or RS_NONE */
  const uint32_t *members;  /* the group, for kinds other than send */
  uint32_t member_count;
  bool is_mesh;  /* every pair of members has one link of its own each way, and no more */
  int64_t block; /* vectors */
  int64_t in_vectors;
  rs__variant variant;

  rs__task *tasks;
  uint32_t task_count, task_capacity;
  rs__edge *edges;
  uint32_t edge_count, edge_capacity;
  rs__guard *guards;
  uint32_t guard_count, guard_capacity;
  rs__wait *waits;
  uint32_t wait_count, wait_capacity;
  rs__ask *asks;
  uint32_t ask_count, ask_capacity;
  bool looks_at_times;  /* how it was built depends on when inputs are there */
  int64_t *tmp_used;    /* [chip] vectors of hop buffer handed out */
  uint32_t *link_load;  /* [link] trees and paths that use it */
  uint32_t path_weight; /* what a path counts there */
  /* Scratch of the tree at hand, [chip]. */
  uint32_t *task_of;     /* the (first) task that fills it */
  int64_t *tmp_of;       /* where in tmp */
  uint32_t *first_child; /* lists of children, lowest subtree first */
  uint32_t *next_sibling;
  uint32_t *height; /* of the subtree; of a spread: whether anyone in it needs the data */
  /* Scratch of the search at hand. */
  uint32_t *depth; /* [chip] hops to the hub */
  uint32_t *queue;
  uint32_t hub;
  bool toward_hub;
  uint32_t *mark, mark_now; /* [chip] is in the path's cone when it equals mark_now */
  uint32_t *way;            /* [chip] its cheapest link toward the hub */
  uint64_t *price;          /* [chip] and what it costs from there */
  bool has_ranks;           /* the row ranks its tasks itself */
  bool is_ranked;           /* they have ranks already: ways still to go */
  const uint32_t *order;    /* NULL, or [task] its place in an earlier run of the same plan */
  uint32_t *rank_of;        /* NULL, or [chip] the rank of the tree task there */
  rs__demand *demands;
  uint32_t demand_count, demand_capacity;

  rs__turned turned; /* no parts: the tasks are the plan */
  rs__units *units;  /* NULL, or the adds of every cycle (rs_plan_units.c) */

  rs_status status; /* sticky: the first failure; appending is a no-op after it */
  rs_diag *diag;
} rs__plan;

/* ---- rs_calendar.c: vector units that do not keep up ---- */

#define RS__SHARED_MAX 16 /* places that a transmission may have */

/* Books a transmission that is added on arrival in so many places: the link, and where adds could be
 * too many in a cycle as many lanes of the receiver's vector unit. *lanes[i]: left as it is when none
 * is needed. It must be allowed. */
int64_t rs__calendar_book_adds(rs_calendar *calendar, uint32_t link, int64_t earliest_cycles,
                               int64_t count, uint32_t *const *lanes, uint32_t adds);
/* Whether what a link brings may be added in so many places, beside all that was booked or held; and
 * holds that. */
bool rs__calendar_adds_allow(const rs_calendar *calendar, uint32_t link, uint32_t adds);
bool rs__calendar_hold_adds(rs_calendar *calendar, uint32_t link,
                            uint32_t adds); /* false: no memory */
int64_t rs__calendar_book_lane(rs_calendar *calendar, uint32_t lane, int64_t arrival_cycles,
                               int64_t count);

/* A burst of an operation that is kept. is_counted: of a plan that counts its adds, so that what is booked
 * later must be added on that chip after this one's last vector. */
void rs__calendar_note_burst(rs_calendar *calendar, const rs_burst *burst, bool is_counted);
/* What a plan that counts its adds adds on a chip must arrive then or later. */
int64_t rs__calendar_adds_end(const rs_calendar *calendar, uint32_t chip);

/* The vector unit can add at the full rate of one link at least. */
bool rs__calendar_adds_fit(const rs_calendar *calendar);

/* Fetches what booking a link will look at first. */
void rs__calendar_fetch(const rs_calendar *calendar, uint32_t link);

/* ---- rs_plan.c: the graph and the list scheduler ---- */

/* An empty plan that will have about so many bursts. */
rs_status rs__plan_init(rs__plan *plan, int64_t bursts);

/* A larger array with the old contents, or NULL. */
void *rs__grow(rs_arena *arena, const void *old, uint32_t *capacity, size_t size);

/* Appends; RS_NONE when the plan has failed. start_cycles is the earliest start for its own sake;
 * the caller's task need not set pending, first_edge, rank, left, right. */
uint32_t rs__plan_add(rs__plan *plan, const rs__task *task);

/* One more place at the receiver for what `task` sends: a burst of the same transmission, which costs
 * the link nothing and the vector unit an add if it adds (rs_schedule.h, TRANSMISSIONS). A plan that adds
 * one transmission in several places must have asked rs__plan_may_add, or it is refused when it is run.
 * The new task must be
 * appended at once after `task` or another one that rides with it; `task` may be either. The place
 * must be another one than theirs. Returns a task, for edges from and to it:
 *   - tasks that need what it writes get an edge from it, as from any task (reads, lands, meets,
 *     clears: the place that it writes is what counts);
 *   - an edge to it holds up the whole transmission: all start together, at the least time that
 *     suits every one of them. So what comes before it must be a task before the first of them.
 * start_cycles of the first task is the earliest start for the sake of all; rank too is the first's. */
uint32_t rs__plan_also(rs__plan *plan, uint32_t task, rs_buffer target, int64_t target_offset,
                       rs_action action, bool result);

/* The first of the transmission that a task is a place of. */
uint32_t rs__plan_first_of(const rs__plan *plan, uint32_t task);

/* Whether the vector unit at the end of a link has room to add what the link brings in so many places; if
 * so it is held for that. One place is always allowed. */
bool rs__plan_may_add(rs__plan *plan, uint32_t link, uint32_t places);

void rs__plan_edge(rs__plan *plan, uint32_t before, uint32_t after, rs__edge_kind kind);
uint32_t rs__plan_join(rs__plan *plan);

/* For an overwriting that no order of tasks can exclude: the plan is refused as infeasible when it
 * came to it. Both move the same run. */
void rs__plan_guard(rs__plan *plan, uint32_t reader, uint32_t writer);

/* Hands out `count` vectors of a chip's hop buffer. */
int64_t rs__plan_tmp(rs__plan *plan, uint32_t chip, int64_t count);

/* ---- rs_plan_waits.c: when inputs are there ---- */

/* A task that reads a run of a member's input, and one that lands where `out` of a member holds it: its link's
 * receiver. They start no earlier than that allows, which the plan's run sees to. */
void rs__plan_wait_to_read(rs__plan *plan, uint32_t task, uint32_t chip, rs__run run);
void rs__plan_wait_to_land(rs__plan *plan, uint32_t task, rs__run run);

/* The same as a time, for a builder that must know it. A plan that asks is built anew for every request. */
int64_t rs__plan_reads_in(rs__plan *plan, uint32_t chip, int64_t offset, int64_t count);
int64_t rs__plan_lands_on_in(rs__plan *plan, uint32_t link, int64_t offset, int64_t count);

/* When in[k], and when the whole input of the chip at a place of the group is in SRAM. */
int64_t rs__ready_vector(const rs__plan *plan, uint32_t place, int64_t k);
int64_t rs__ready_complete(const rs_collective_request *request, uint32_t place);

/* Raises the starts of tasks to what they wait for. */
void rs__plan_end_waits(rs__plan *plan);

/* ⌊k·q⌋ for k ≥ 0. */
int64_t rs__floor_slots(const rs_timing *timing, int64_t k);

/* ---- rs_plan_units.c: vector units, cycle by cycle ---- */

#define RS__UNIT_CELLS_MAX 256

/* The plan's adds are counted from now on, and its transmissions may be added in as many places as
 * rs__plan_places_max says. False: no memory. */
bool rs__plan_count_adds(rs__plan *plan);
uint32_t rs__plan_places_max(const rs__plan *plan);

/* The first arrival at or after `arrival` at which the chip's unit has room for so many adds a vector. */
int64_t rs__units_find(const rs__plan *plan, uint32_t chip, int64_t arrival, int64_t count,
                       uint32_t adds);
/* Takes it. False: no memory. */
bool rs__units_book(rs__plan *plan, uint32_t chip, int64_t arrival, int64_t count, uint32_t adds);

/* ---- rs_plan_again.c: running a plan once more ---- */

/* [task] its place by landing in the run that booked the plan: for plan->order of the same plan built
 * again, whose run then prefers the longest way still to go and, of equals, what landed first. NULL: no
 * memory, or more tasks than such ranks hold. */
const uint32_t *rs__plan_landing_order(rs_arena *arena, const rs__plan *plan);
void rs__plan_rank_by_order(rs__plan *plan); /* of ranks that are ways still to go */

/* Vectors on the busiest link; −1: no memory. */
int64_t rs__plan_busiest_slots(rs_arena *arena, const rs__plan *plan);

/* ---- rs_plan.c again ---- */

/* Holds the vector unit for the places in which the transmission of a task is added. False: no memory. */
bool rs__plan_hold_adds(const rs__plan *plan, uint32_t first);

/* Ranks tasks by how far they have to go. The run does so if nobody has. */
void rs__plan_rank(rs__plan *plan);

/* Books every task in the calendar. */
rs_status rs__plan_run(rs__plan *plan, rs_calendar *calendar);

/* ---- rs_plan_tree.c: what trees are made of ---- */

/* Part `k` of `parts` of a run, as even as it goes. parts ≤ count. */
rs__run rs__run_part(rs__run run, int64_t parts, int64_t k);

/* A tree of minimal paths over the group (and relays, when the variant allows them). It stays valid
 * until the next call. */
rs_status rs__plan_tree(rs__plan *plan, uint32_t root, bool toward_root, uint32_t salt,
                        rs_route_tree *tree);

/* Sums a run of all members up an in-tree into the root's `out`. Returns a join: the root may send
 * the sum on from its start. */
uint32_t rs__plan_reduce_tree(rs__plan *plan, const rs_route_tree *tree, rs__run run,
                              bool is_result);

/* Copies down an out-tree into `target` of every member's `out`; `skip` (RS_NONE: none) needs no
 * copy, and gets one only when others hang on it. */
void rs__plan_spread_tree(rs__plan *plan, const rs_route_tree *tree, const rs__origin *origin,
                          rs__run target, uint32_t skip);

/* Adds the root's input into every member's `out`; raw copies go on through hop buffers. */
void rs__plan_add_tree(rs__plan *plan, const rs_route_tree *tree, rs__run run);

/* ---- rs_plan_forest.c: trees for all members as roots, with even loads ---- */

/* Where blocks start: block b at the places roots[first[b]] … roots[first[b + 1] − 1], all of which hold
 * it from its slot on. */
typedef struct rs__starts {
  uint32_t blocks;
  uint32_t *slot;  /* [block] in which it starts; NULL: all in the first, 0 */
  uint32_t *first; /* [block + 1] */
  uint32_t *roots;
} rs__starts;

typedef struct rs__forest {
  uint32_t n; /* members */
  rs__starts starts;
  uint32_t steps;     /* slots of a unit all-gather on these trees */
  uint32_t *link;     /* [block · n + place] by which the chip receives */
  uint32_t *step;     /* [block · n + place] in which slot, from 1; 0: it starts there */
  uint32_t rank_base; /* of the last slot; 0, or more for what is to go before another forest */
} rs__forest;

/* Room for blocks that start at so many places in all. */
rs_status rs__starts_create(rs__plan *plan, uint32_t blocks, uint32_t roots, rs__starts *starts);

/* Trees for blocks of so many vectors, which decide how many slots a hop takes. RS_E_INFEASIBLE: the
 * group does not connect in itself, or a link has no reverse that needs one. */
rs_status rs__plan_forest(rs__plan *plan, const rs__starts *starts, int64_t vectors,
                          bool needs_reverse, rs__forest *forest);
/* So many trees for every member: block b starts at place b mod n. */
rs_status rs__plan_forest_of_all(rs__plan *plan, uint32_t pieces, int64_t vectors,
                                 bool needs_reverse, rs__forest *forest);

/* The tree of a block with one start; its tasks are ranked by the slots from now on. `tree` starts zeroed and is
 * overwritten by the next call. */
rs_status rs__forest_tree(rs__plan *plan, const rs__forest *forest, uint32_t block,
                          bool toward_root, rs_route_tree *tree);

/* ---- rs_plan_rotation.c: the same for systems that are the same from every rack ---- */

typedef struct rs__rotation {
  uint32_t shift; /* chip c → c + shift is a symmetry of the wiring */
  uint32_t run;   /* chips whose blocks travel together: an item; divides shift */
  uint32_t items; /* N / run; item i is the blocks of chips i · run … */
  uint32_t steps; /* rounds of a unit all-gather of items on these trees */
  uint32_t *link; /* [chip · items + item], chips below shift: by which the chip receives */
  uint32_t *step; /* the same: in which round, from 1; 0: it is the chip's own item */
} rs__rotation;

/* The least multiple of `run` that is one; RS_NONE: none is, or the group is not all chips in order. */
uint32_t rs__rotation_find(const rs__plan *plan, uint32_t run);
/* The link that `link` becomes when every chip is turned by `by` chips, a multiple of the shift. */
uint32_t rs__rotation_link(const rs__plan *plan, uint32_t link, uint32_t by);
/* RS_E_INFEASIBLE: there is no rotation, or chips do not connect. */
rs_status rs__rotation_grow(rs__plan *plan, uint32_t run, rs__rotation *rotation);

/* c → c + shift is one. */
bool rs__rotation_is(const rs_wiring *wiring, uint32_t shift);

/* ---- rs_plan_turned.c: a rack's plan for all racks ---- */

/* `one` becomes an empty plan on the links that leave the first `shift` chips. */
rs_status rs__turned_begin(rs__plan *plan, uint32_t shift, rs__plan *one);
void rs__turned_add(rs__plan *plan, const rs__turned_part *part);
/* Books the tasks; base: [key] first vector of its area of staging. */
rs_status rs__turned_finish(rs__plan *plan, rs__plan *one, const int64_t *base);
/* The last result in SRAM; chip_end: NULL, or [chip] raised by what lands there. */
int64_t rs__turned_end(const rs__plan *plan, int64_t *chip_end);
/* The calendar must be empty. */
rs_status rs__turned_append(const rs__plan *plan, rs_calendar *calendar, rs_schedule *schedule,
                            uint32_t op);

/* ---- rs_plan_grid.c: groups that are grids of full meshes ---- */

#define RS__GRID_DIMENSIONS_MAX 14
#define RS__GRID_CHIPS_MAX 16384

typedef struct rs__grid {
  uint32_t dimensions;
  uint32_t size[RS__GRID_DIMENSIONS_MAX];
  uint32_t step[RS__GRID_DIMENSIONS_MAX]; /* what a coordinate counts in an index */
  uint16_t *digit;                        /* [place · RS__GRID_DIMENSIONS_MAX + dimension] */
  uint32_t *place_at;                     /* [index] */
} rs__grid;

/* RS_E_INFEASIBLE: the group is none of two dimensions or more. */
rs_status rs__plan_grid(rs__plan *plan, rs__grid *grid);
uint32_t rs__grid_index(const rs__grid *grid, uint32_t place);
uint32_t rs__grid_digit(const rs__grid *grid, uint32_t place, uint32_t dimension);
/* The place that differs from this one in one coordinate only. */
uint32_t rs__grid_sibling(const rs__grid *grid, uint32_t place, uint32_t dimension, uint32_t digit);

/* ---- rs_plan_path.c: what paths are made of ---- */

/* Finds the hops to (or from) one chip; paths to many others follow at the cost of their length. */
rs_status rs__plan_search(rs__plan *plan, uint32_t hub, bool toward_hub);
/* The same, far enough for paths from or to `until` alone; in a large wiring that is soon. */
rs_status rs__plan_search_until(rs__plan *plan, uint32_t hub, bool toward_hub, uint32_t until);

/* Sends along the least loaded minimal path between the hub of the last search and `chip`, into
 * `target` of the receiver's `out`. Returns the last task. */
uint32_t rs__plan_path(rs__plan *plan, uint32_t chip, const rs__origin *origin, rs__run target);

/* Chooses that path only, counts it as load, and returns its hops (RS_NONE: the plan has failed). */
uint32_t rs__plan_choose(rs__plan *plan, uint32_t chip, uint32_t *links);

/* The tasks of a path over given links, from origin to `target` of the last chip's `out`. slots:
 * NULL, or what ranks each hop (lower goes first). Returns the last task. */
uint32_t rs__plan_chain(rs__plan *plan, const uint32_t *links, const uint32_t *slots, uint32_t hops,
                        const rs__origin *origin, rs__run target);

/* The least loaded link from one chip to another, or RS_NONE. */
uint32_t rs__plan_find_link(const rs__plan *plan, uint32_t from, uint32_t to);

/* Sends a block of an all-to-all over given links; slots[i] ranks hop i: lower goes first. */
void rs__plan_block(rs__plan *plan, uint32_t from, uint32_t to, const uint32_t *links,
                    const uint32_t *slots, uint32_t hops);

/* Collects paths, then routes them against each other and appends their tasks. Demands with the
 * same hub (`to`, or `from` when not toward_hub) should follow each other. Tasks, and so ties in
 * time, are in the order 0, p, 2p, …, 1, p + 1, … of the demands for the period p. */
void rs__plan_demand(rs__plan *plan, const rs__demand *demand);
rs_status rs__plan_route(rs__plan *plan, bool toward_hub, uint32_t period);

/* ---- rs_collective_request.c ---- */

/* The timing that a plan is made with: the schedule's, with the request's margin in what a chip takes
 * on arrival. */
rs_timing rs__request_timing(const rs_collective_request *request, const rs_timing *timing);

/* Checks everything but the name of the algorithm, and fills `position` ([chip], place in the
 * group; for send: of the first pair in which the chip sends). */
rs_status rs__request_check(const rs_collective_request *request, const rs_wiring *wiring,
                            const rs_timing *timing, uint32_t *position, rs_diag *diag);

bool rs__kind_has_root(rs_collective_kind kind);
bool rs__kind_adds(rs_collective_kind kind);
bool rs__has_input(const rs_collective_request *request, uint32_t place);
bool rs__has_result(const rs_collective_request *request, uint32_t place);
bool rs__plan_is_mesh(const rs__plan *plan);

/* [chip] a label that chips of one node share, below chip_count; where the wiring names no nodes,
 * chips that node cables connect. */
rs_status rs__plan_nodes(const rs__plan *plan, const uint32_t **node);

/* ---- rs_collective_table.c and the rows ---- */

typedef struct rs__row {
  /* Appends the tasks of plan->variant. */
  rs_status (*build)(rs__plan *plan);
  /* Values of variant.splits that are worth a try, the best guess first; at most RS__SPLITS_MAX. */
  size_t (*splits)(const rs__plan *plan, int64_t *list);
  int64_t (*bursts)(const rs__plan *plan, int64_t splits); /* it needs at least so many */
  int64_t (*floor_slots)(const rs__plan *plan);            /* some link carries so many vectors */
  bool goes_without; /* relays were never of use where it can do without */
} rs__row;

#define RS__SPLITS_MAX 8

/* Row i belongs to rs_collective_algorithms()[i]. */
const rs__row *rs__row_at(size_t index);

rs_status rs__build_one_shot(rs__plan *plan);
rs_status rs__build_shared_trees(rs__plan *plan);
rs_status rs__build_shared_cores(rs__plan *plan);
rs_status rs__build_exchange(rs__plan *plan);
rs_status rs__build_dimensions(rs__plan *plan);
rs_status rs__build_nested_exchange(rs__plan *plan);
rs_status rs__build_hierarchical(rs__plan *plan);
rs_status rs__build_balanced_hierarchical(rs__plan *plan);
rs_status rs__build_all_reduce_shards(rs__plan *plan);
rs_status rs__build_reduce_scatter(rs__plan *plan);
rs_status rs__build_all_reduce_forest(rs__plan *plan);
rs_status rs__build_staggered_forest(rs__plan *plan);
rs_status rs__build_reduce_scatter_forest(rs__plan *plan);
rs_status rs__build_all_gather_forest(rs__plan *plan);
rs_status rs__build_all_gather_rotated(rs__plan *plan);
rs_status rs__build_reduce_trees(rs__plan *plan);
rs_status rs__build_reduce_shards(rs__plan *plan);
rs_status rs__build_all_gather(rs__plan *plan);
rs_status rs__build_broadcast_trees(rs__plan *plan);
rs_status rs__build_broadcast_shards(rs__plan *plan);
rs_status rs__build_scatter(rs__plan *plan);
rs_status rs__build_gather(rs__plan *plan);
rs_status rs__build_all_to_all(rs__plan *plan);
rs_status rs__build_gateways(rs__plan *plan);
rs_status rs__build_racks(rs__plan *plan);
rs_status rs__build_send(rs__plan *plan);
rs_status rs__build_detours(rs__plan *plan);
rs_status rs__build_ring(rs__plan *plan);
rs_status rs__build_halving(rs__plan *plan);
rs_status rs__build_packed_trees(rs__plan *plan);
rs_status rs__build_reduce_forest(rs__plan *plan);
rs_status rs__build_broadcast_forest(rs__plan *plan);
rs_status rs__build_broadcast_arborescences(rs__plan *plan);
rs_status rs__build_reduce_arborescences(rs__plan *plan);

#endif
