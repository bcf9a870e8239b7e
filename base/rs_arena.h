/*
 * One arena per run: memory that is given back all at once.
 *
 * Invariant: memory from an arena stays where it is, zeroed at first, aligned for any type, until
 * rs_arena_reset or rs_arena_destroy. An arena belongs to one thread at a time. Allocation is a
 * pointer bump; blocks double from 64 KiB up to 64 MiB, a larger request gets its own block. A reset keeps
 * up to 64 MiB of them for what comes next; destroying the arena gives all back.
 *
 * rs_arena_alloc returns NULL when the system or the arena's limit has no more; callers turn that
 * into RS_E_NO_MEMORY with rs_arena_failed, and need no clean-up of their own.
 */
#ifndef RS_ARENA_H
#define RS_ARENA_H

#include <stddef.h>

#include "rs_status.h"

typedef struct rs_arena rs_arena;

/* limit_bytes = 0: no limit but the system's. NULL when there is no memory at all. */
rs_arena *rs_arena_create(size_t limit_bytes);
void rs_arena_destroy(rs_arena *arena); /* NULL is allowed */
void rs_arena_reset(rs_arena *arena);   /* everything handed out becomes invalid */

void *rs_arena_alloc(rs_arena *arena, size_t bytes);
/* count × size with overflow check. count = 0 gives a valid pointer to no elements. */
void *rs_arena_array(rs_arena *arena, size_t count, size_t size);
#define RS_ARENA_NEW(arena, type, count) ((type *)rs_arena_array((arena), (count), sizeof(type)))

char *rs_arena_strdup(rs_arena *arena, const char *text);
char *rs_arena_strndup(rs_arena *arena, const char *text, size_t length);
char *rs_arena_printf(rs_arena *arena, const char *format, ...) RS_PRINTF(2, 3);

/* Bytes handed out so far, and held from the system. */
size_t rs_arena_used_bytes(const rs_arena *arena);
size_t rs_arena_held_bytes(const rs_arena *arena);

/* Fills diag with "out of memory" and returns RS_E_NO_MEMORY. */
rs_status rs_arena_failed(const rs_arena *arena, rs_diag *diag);

#endif
