/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The arena: a list of blocks, the newest first, each handed out from its
 * start to its end. What doesn't fit in the rest of the newest gets a new
 * block, so a little is wasted and nothing is ever moved.
 */
#include "config.h"

#include "common/core/mem.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BLOCK_SIZE = 32 * 1024,
};

struct block {
	struct block *next;
	size_t used, size; /* of data */
	max_align_t data[];
};

struct arena {
	struct block *blocks;
	size_t held, cap;
};

void mem_exhausted(void)
{
	static const char line[] =
		"UNKNOWN - out of memory: the check was not done\n";

	/* Nothing is left to do where this fails too. */
	if (write(STDOUT_FILENO, line, sizeof(line) - 1) < 0)
		_exit(3);
	_exit(3);
}

char *mem_strndup(const char *s, size_t len)
{
	char *copy = strndup(s, len);
	if (copy == NULL)
		mem_exhausted();
	return copy;
}

void *mem_resize(void *old, size_t size)
{
	void *resized = realloc(old, size > 0 ? size : 1);
	if (resized == NULL)
		mem_exhausted();
	return resized;
}

struct arena *arena_new(size_t cap)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		mem_exhausted();
	arena->cap = cap;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->blocks != NULL) {
		struct block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	free(arena);
}

/* size is a multiple of the alignment and within the cap. */
static struct block *add_block(struct arena *arena, size_t size)
{
	size_t data_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct block *block = calloc(1, sizeof(*block) + data_size);

	if (block == NULL)
		mem_exhausted();
	block->size = data_size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *block = arena->blocks;
	void *data;

	if (size > arena->cap)
		mem_exhausted();
	size = (size + align - 1) / align * align;
	if (size > arena->cap - arena->held)
		mem_exhausted();
	if (block == NULL || block->size - block->used < size)
		block = add_block(arena, size);
	data = (char *)block->data + block->used;
	block->used += size;
	arena->held += size;
	return data;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		mem_exhausted();
	return arena_alloc(arena, count * size);
}

void *arena_grow(struct arena *arena, const void *old, size_t old_count,
	size_t new_count, size_t size)
{
	void *copy = arena_array(arena, new_count, size);

	if (old_count > 0)
		memcpy(copy, old, old_count * size);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_strndup(arena, s, strlen(s));
}

char *arena_strndup(struct arena *arena, const char *s, size_t len)
{
	char *copy = arena_array(arena, len + 1, 1);

	memcpy(copy, s, len);
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	char *s;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		mem_exhausted();
	s = arena_array(arena, (size_t)len + 1, 1);
	va_start(args, fmt);
	(void)vsnprintf(s, (size_t)len + 1, fmt, args);
	va_end(args);
	return s;
}
