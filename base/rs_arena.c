/*
 * A bump allocator over a list of blocks; the oldest idea for memory that dies together (Hanson,
 * "Fast allocation and deallocation of memory based on object lifetimes", 1990). calloc gives zeroed
 * blocks, which the system hands out lazily. An arena without a limit keeps its blocks over a reset, up to
 * KEPT_BYTES_MAX: what was used of them is cleared when it is handed out again, which costs a fraction of
 * what the system takes to find new pages.
 *
 * Under AddressSanitizer everything that was not handed out is poisoned, with a gap behind each
 * piece: a write beyond one's own memory is seen as it would be with malloc.
 */
#include "rs_arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_math.h"

#define BLOCK_BYTES_MIN ((size_t)64 << 10)
#define BLOCK_BYTES_MAX ((size_t)64 << 20)
#define KEPT_BYTES_MAX ((size_t)64 << 20)
#define ALIGNMENT _Alignof(max_align_t)
/* No object is larger than PTRDIFF_MAX; the half leaves room for what is added to a size. */
#define PIECE_BYTES_MAX ((size_t)PTRDIFF_MAX / 2)

#ifdef __SANITIZE_ADDRESS__ /* gcc */
#define ADDRESSES_ARE_WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) /* clang */
#define ADDRESSES_ARE_WATCHED
#endif
#endif

#ifdef ADDRESSES_ARE_WATCHED
#include <sanitizer/asan_interface.h>
#define GAP_BYTES ALIGNMENT
#define CLOSE_MEMORY(start, bytes) __asan_poison_memory_region((start), (bytes))
#define OPEN_MEMORY(start, bytes) __asan_unpoison_memory_region((start), (bytes))
#else
#define GAP_BYTES ((size_t)0)
#define CLOSE_MEMORY(start, bytes) ((void)(start), (void)(bytes))
#define OPEN_MEMORY(start, bytes) ((void)(start), (void)(bytes))
#endif

typedef struct block {
  struct block *next; /* older */
  size_t capacity;
  size_t used;
  size_t dirty; /* bytes that may not be 0, from the first on */
  max_align_t bytes[];
} block;

struct rs_arena {
  block *head;
  block *kept; /* empty, for later */
  size_t limit_bytes;
  size_t held_bytes;
  size_t used_bytes;
  size_t next_block_bytes;
};

rs_arena *rs_arena_create(size_t limit_bytes) {
  rs_arena *arena = calloc(1, sizeof *arena);
  if (arena == NULL) return NULL;
  arena->limit_bytes = limit_bytes;
  arena->next_block_bytes = BLOCK_BYTES_MIN;
  return arena;
}

static void free_blocks(block *head) {
  while (head != NULL) {
    block *older = head->next;
    free(head);
    head = older;
  }
}

void rs_arena_destroy(rs_arena *arena) {
  if (arena == NULL) return;
  free_blocks(arena->head);
  free_blocks(arena->kept);
  free(arena);
}

/* Puts a block that was in use, or was kept already, with those that are kept, or gives it back. */
static void keep_or_free(rs_arena *arena, block *b) {
  if (arena->limit_bytes != 0 || arena->held_bytes + b->capacity > KEPT_BYTES_MAX) {
    free(b);
    return;
  }
  b->dirty = b->used > b->dirty ? b->used : b->dirty;
  b->used = 0;
  CLOSE_MEMORY(b->bytes, b->capacity);
  b->next = arena->kept;
  arena->kept = b;
  arena->held_bytes += sizeof(block) + b->capacity;
}

void rs_arena_reset(rs_arena *arena) {
  block *lists[] = {arena->head, arena->kept};
  arena->head = arena->kept = NULL;
  arena->held_bytes = 0;
  arena->used_bytes = 0;
  arena->next_block_bytes = BLOCK_BYTES_MIN;
  for (size_t k = 0; k < RS_COUNT_OF(lists); k++) {
    while (lists[k] != NULL) {
      block *b = lists[k];
      lists[k] = b->next;
      keep_or_free(arena, b);
    }
  }
}

/* The smallest kept block with so much room, taken out; NULL: there is none. */
static block *take_kept(rs_arena *arena, size_t capacity) {
  block **best = NULL;
  for (block **b = &arena->kept; *b != NULL; b = &(*b)->next) {
    if ((*b)->capacity >= capacity && (best == NULL || (*b)->capacity < (*best)->capacity))
      best = b;
  }
  if (best == NULL) return NULL;
  block *taken = *best;
  *best = taken->next;
  return taken;
}

/* The bytes that a further block may have for data. */
static size_t bytes_left(const rs_arena *arena) {
  size_t most = arena->limit_bytes == 0 ? SIZE_MAX : arena->limit_bytes - arena->held_bytes;
  return most > sizeof(block) ? most - sizeof(block) : 0;
}

/* A block with room for `bytes`. A large request gets its own block behind the head, so that the
 * rest of the current block is not wasted; the last block before the limit is as large as it may. */
static block *add_block(rs_arena *arena, size_t bytes) {
  bool own = bytes > arena->next_block_bytes / 4;
  size_t left = bytes_left(arena);
  size_t capacity = own ? bytes : RS_MIN(arena->next_block_bytes, left);
  if (capacity < bytes || capacity > left) return NULL;
  block *fresh = take_kept(arena, capacity);
  if (fresh == NULL) {
    fresh = calloc(1, sizeof(block) + capacity);
    if (fresh == NULL) return NULL;
    fresh->capacity = capacity;
    arena->held_bytes += sizeof(block) + capacity;
    CLOSE_MEMORY(fresh->bytes, capacity);
  }
  if (own && arena->head != NULL) {
    fresh->next = arena->head->next;
    arena->head->next = fresh;
  } else {
    fresh->next = arena->head;
    arena->head = fresh;
  }
  if (!own && arena->next_block_bytes < BLOCK_BYTES_MAX) arena->next_block_bytes *= 2;
  return fresh;
}

void *rs_arena_alloc(rs_arena *arena, size_t bytes) {
  if (bytes > PIECE_BYTES_MAX) return NULL;
  size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (rounded == 0) rounded = ALIGNMENT;
  block *current = arena->head;
  if (current == NULL || current->capacity - current->used < rounded + GAP_BYTES) {
    current = add_block(arena, rounded + GAP_BYTES);
    if (current == NULL) return NULL;
  }
  char *memory = (char *)current->bytes + current->used;
  OPEN_MEMORY(memory, bytes);
  if (current->used < current->dirty) {
    memset(memory, 0, RS_MIN(bytes, current->dirty - current->used));
  }
  current->used += rounded + GAP_BYTES;
  arena->used_bytes += rounded;
  return memory;
}

void *rs_arena_array(rs_arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  return rs_arena_alloc(arena, bytes);
}

char *rs_arena_strndup(rs_arena *arena, const char *text, size_t length) {
  assert(length < SIZE_MAX);
  char *copy = rs_arena_alloc(arena, length + 1);
  if (copy == NULL) return NULL;
  if (length > 0) memcpy(copy, text, length); /* no text may be NULL */
  copy[length] = '\0';
  return copy;
}

char *rs_arena_strdup(rs_arena *arena, const char *text) {
  return rs_arena_strndup(arena, text, strlen(text));
}

char *rs_arena_printf(rs_arena *arena, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) return NULL;
  char *text = rs_arena_alloc(arena, (size_t)length + 1);
  if (text == NULL) return NULL;
  va_start(arguments, format);
  vsnprintf(text, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return text;
}

size_t rs_arena_used_bytes(const rs_arena *arena) {
  return arena->used_bytes;
}

size_t rs_arena_held_bytes(const rs_arena *arena) {
  return arena->held_bytes;
}

rs_status rs_arena_failed(const rs_arena *arena, rs_diag *diag) {
  if (arena == NULL) return rs_diag_set(diag, RS_E_NO_MEMORY, "out of memory");
  return rs_diag_set(diag, RS_E_NO_MEMORY, "out of memory; %zu MiB were held",
                     arena->held_bytes >> 20);
}
