/*
 * Where a value of a JSON object stands in its text; jansson knows places for syntax errors only.
 *
 * `path` names keys from the outer object inwards: {"sram", "value"} is the value of "value" in the
 * object under "sram". Lines and columns count from 1; columns are bytes. O(length), no memory.
 */
#ifndef RS_JSON_PLACE_H
#define RS_JSON_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* The place of the value in well-formed JSON. Where a key is absent: false, and the place is that of
 * the object in which it is not. */
bool rs_json_place(const char *text, size_t length, const char *const *path, size_t depth,
                   int *line, int *column);

#endif
