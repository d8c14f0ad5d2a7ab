/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One capped arena a run: all that a run remembers is allocated here and
 * given back at once at its end.
 */
#ifndef LIFELINE_CORE_MEM_H
#define LIFELINE_CORE_MEM_H

#include <stddef.h>

struct arena;

/*
 * Writes one line "UNKNOWN - out of memory ..." to standard output and ends
 * the program with exit code 3: for those who can't go on without memory.
 */
_Noreturn void mem_exhausted(void);

/* What has to go before the run does: a copy of the first len bytes of a
 * string, NUL-terminated, and what realloc() gives; both to be freed by free().
 * Where memory is exhausted, they call mem_exhausted(). */
char *mem_strndup(const char *s, size_t len) __attribute__((returns_nonnull));
void *mem_resize(void *old, size_t size) __attribute__((returns_nonnull));

/* The arena never holds more than cap bytes; see arena_alloc(). */
struct arena *arena_new(size_t cap);

/* Gives back the arena and everything allocated from it; NULL is fine. */
void arena_free(struct arena *arena);

/*
 * Returns size zeroed bytes, aligned for any type, owned by the arena. It
 * never returns NULL: where memory or the cap is exhausted, it calls
 * mem_exhausted().
 */
void *arena_alloc(struct arena *arena, size_t size)
	__attribute__((malloc, returns_nonnull));

/* Like arena_alloc() for count elements; an overflow counts as exhausted. */
void *arena_array(struct arena *arena, size_t count, size_t size)
	__attribute__((malloc, returns_nonnull));

/*
 * A larger copy of an array of old_count elements, the rest zeroed. The old
 * array stays allocated until the end of the run, so growth is by doubling.
 */
void *arena_grow(struct arena *arena, const void *old, size_t old_count,
	size_t new_count, size_t size) __attribute__((returns_nonnull));

/* Copies of a string, and of its first len bytes, NUL-terminated. */
char *arena_strdup(struct arena *arena, const char *s)
	__attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *s, size_t len)
	__attribute__((returns_nonnull));

/* A formatted string of any length. */
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));

#endif
