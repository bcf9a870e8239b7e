/* Where a key of a JSON object stands in its text; jansson knows places for syntax errors only. */
#ifndef RS__JSON_PLACE_H
#define RS__JSON_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the value of a top-level key in well-formed JSON. Absent: false, and the place is that of
 * the object's opening brace. Lines and columns count from 1; columns are bytes. O(length). */
bool rs__json_place(const char *text, size_t length, const char *key, int *line, int *column);

#endif
