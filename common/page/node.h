/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON from outside as a tree of nodes: RFC 8259, UTF-8, no member twice, no
 * NUL. Depth and memory are bounded before anything is built.
 */
#ifndef LIFELINE_PAGE_NODE_H
#define LIFELINE_PAGE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"

/* A value, or that there is none; of no use once its tree was given back. */
struct node {
	const void *value;
};

enum node_type {
	NODE_MISSING,
	NODE_NULL,
	NODE_BOOL,
	NODE_INT,
	NODE_REAL,
	NODE_TEXT,
	NODE_LIST,
	NODE_OBJECT,
};

enum node_fate {
	NODE_PARSED,
	NODE_NO_JSON,
	NODE_TOO_MUCH, /* for the bounds */
};

/*
 * Parses len bytes. *root is to be given back with node_free(); *why says, as
 * the end of a sentence, what is wrong where it is not PARSED.
 */
enum node_fate node_parse(struct arena *arena, const char *data, size_t len,
	struct node *root, const char **why);
void node_free(struct node root);

enum node_type node_type(struct node node);
bool node_is_there(struct node node); /* and not null */

/* A member; MISSING where there is none, or of what is no object. */
struct node node_get(struct node object, const char *key);
/* An element; MISSING behind the last, or of what is no list. */
struct node node_at(struct node list, size_t i);
/* Elements of a list, members of an object; else 0. */
size_t node_count(struct node node);

const char *node_text(struct node node); /* NULL: no text */
bool node_is_true(struct node node);
/* An integer, or a text that is one, as some services send them. */
bool node_int(struct node node, int64_t *out);
/* A number, without what is behind its point. */
bool node_whole(struct node node, int64_t *out);

/* The members of an object in their order. */
struct node_walk {
	void *at;
	const char *key;
	struct node value;
};
/* False: it was the last one. Begin with a walk of zeros. */
bool node_next(struct node object, struct node_walk *walk);

#endif
