/* Checking shared trees against what rs__shared.h says of them, from their parts alone. */
#include <string.h>

#include "rs__shared.h"

/* Counts the sources of a bundle. */
static void count_sources(const rs__shared *s, uint32_t id, uint32_t *times) {
  const rs__bundle *b = &s->bundles[id];
  for (uint32_t i = 0; i < b->part_count; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    if (part->item == RS_NONE) {
      times[s->plan->wiring->links[part->link].from]++;
    } else {
      count_sources(s, part->item, times);
    }
  }
}

static rs_status check_bundle(const rs__shared *s, uint32_t id, rs_diag *diag) {
  const rs__bundle *b = &s->bundles[id];
  for (uint32_t i = 0; i < b->part_count; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    const rs_link *l = &s->plan->wiring->links[part->link];
    bool is_right = l->to == b->chip;
    if (part->item == RS_NONE) {
      is_right = is_right && s->is_source[l->from];
    } else {
      const rs__bundle *inner = &s->bundles[part->item];
      is_right = is_right && inner->chip == l->from && inner->depth < b->depth && inner->uses > 0;
    }
    if (!is_right || *rs__bundle_key(s, part) == 0) {
      return rs_diag_set(diag, RS_E_REFUSED, "bundle %u of chip %u has a wrong part", id, b->chip);
    }
  }
  return RS_OK;
}

rs_status rs__shared_check(const rs__shared *s, rs_diag *diag) {
  uint32_t chips = s->plan->wiring->chip_count;
  rs_status status = RS_OK;
  for (uint32_t id = 0; id < s->bundle_count && status == RS_OK; id++) {
    if (s->bundles[id].uses > 0) status = check_bundle(s, id, diag);
  }
  uint32_t *times = RS_ARENA_NEW(s->plan->arena, uint32_t, chips);
  if (times == NULL) return rs_arena_failed(s->plan->arena, diag);
  for (uint32_t i = 0; i < s->core_count && status == RS_OK; i++) {
    memset(times, 0, chips * sizeof *times);
    count_sources(s, s->root_bundle[i], times);
    if (s->bundles[s->root_bundle[i]].depth > s->hops) {
      return rs_diag_set(diag, RS_E_REFUSED, "chip %u is reached in too many hops", s->cores[i]);
    }
    for (uint32_t chip = 0; chip < chips; chip++) {
      uint32_t wanted = s->is_source[chip] && chip != s->cores[i] ? 1 : 0;
      if (times[chip] == wanted) continue;
      return rs_diag_set(diag, RS_E_REFUSED, "chip %u gets chip %u %u times", s->cores[i], chip,
                         times[chip]);
    }
  }
  return status;
}
