/*
 * Plans of groups, kept from one request to the next.
 *
 * What a row makes of a group, a size and a variant is the same whenever its inputs come; only what its run
 * makes of it is not. A step asks for the same all-reduce of the same chips many times with inputs that come
 * a little otherwise, so that making the plan again would take most of the time. Not kept are plans whose
 * making looked at times (rs__plan.looks_at_times), plans that begin with loads of links from elsewhere, and
 * those that are turned; a plan that asked for room in vector units is taken only where the answers are the
 * same now.
 *
 * Entries are for one wiring and one timing. When there is no room for more, the next compilation begins with none.
 */
#ifndef RS__KEPT_H
#define RS__KEPT_H

#include "rs__collective.h"

typedef struct rs__kept rs__kept;

/* The wiring must live as long. NULL: no memory. */
rs__kept *rs__kept_create(const rs_wiring *wiring);
void rs__kept_destroy(rs__kept *kept); /* NULL is allowed */

/* Before the plans of a compilation, of which all have this timing. What was taken before is no longer valid. */
void rs__kept_begin(rs__kept *kept, const rs_timing *timing);

/* Fills a plan that was initialised with what is kept of its like; false: nothing is, or the calendar says
 * something else now, which is then as it was. */
bool rs__kept_take(rs__kept *kept, size_t row, rs__plan *plan);

uint64_t rs__kept_takings(const rs__kept *kept);

/* Keeps a plan that was built and not run, with its ranks. Without memory it is not. */
void rs__kept_put(rs__kept *kept, size_t row, rs__plan *plan);

/* Something is kept of a plan's like, so that the plan itself needs no room yet. */
bool rs__kept_has(const rs__kept *kept, size_t row, const rs__plan *plan);

#endif
