/* Who takes the place of chips that died, for `realscale fault`. Private to experiments/. */
#ifndef RS__FAULT_SPARE_H
#define RS__FAULT_SPARE_H

#include "rs_schedule.h"

typedef enum rs__spare_way {
  RS__SPARE_NONE,
  RS__SPARE_CHIP, /* the one that was named */
  RS__SPARE_AUTO, /* a chip that the wiring keeps free, else one outside the group */
  RS__SPARE_NODE  /* all of the node move to a free one: its chips stay next to each other */
} rs__spare_way;

typedef struct rs__spare_request {
  const rs_schedule *schedule; /* of one operation */
  const rs_wiring *wiring;     /* whole */
  const rs_wiring *left;       /* without what is dead */
  const bool *dead_chips;
  rs__spare_way way;
  uint32_t named;
} rs__spare_request;

/* Fills stand_in [chip]: who has the chip's part from now on; itself, another, or RS_NONE. Of several free
 * chips the one that is fewest hops from all that live is taken, and of those the first. *reason: why a dead
 * member has nobody; NULL when all have. O(free chips · links). */
rs_status rs__spare_choose(rs_arena *arena, const rs__spare_request *request, uint32_t *stand_in,
                           const char **reason, rs_diag *diag);

/* "32", "8-15": chips that stand in for another. */
void rs__spare_describe(const uint32_t *stand_in, uint32_t chip_count, char *text, size_t size);

#endif
