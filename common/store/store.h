/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a plugin remembers from run to run: documents in a directory of this
 * node, each a file of versioned JSON with a lock of its own. A file is
 * replaced whole or not at all, two runs at once are safe, and whatever goes
 * wrong is told by a fate and a sentence.
 */
#ifndef LIFELINE_STORE_STORE_H
#define LIFELINE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/json.h"
#include "common/core/mem.h"

enum {
	STORE_SIZE_MAX = 2 * 1024 * 1024, /* bytes of a file */
};

/* Where documents are kept, and for how long a run waits. */
struct store_place {
	const char *dir;
	/* The user named it (--state-dir or the environment). Where nobody
	 * did and it is not there, the fate is STORE_NO_PLACE. */
	bool is_chosen;
	int64_t now_s; /* wall clock, since 1970 */
	/* On the clock of clock_mono_us(): no longer is waited for the lock.
	 * One that has passed means one try. */
	int64_t deadline_us;
};

/* What a document is. Its strings must outlive the store_file. */
struct store_kind {
	const char *kind; /* "delegation": what its state looks like */
	int version;      /* of that; from 1 on */
};

enum store_fate {
	STORE_READ,
	STORE_NEW, /* nothing was there */
	/* Damaged: put aside as NAME.bad and begun anew. It stays so until
	 * somebody removes that; from the next run on there is something to
	 * be read beside it. */
	STORE_LOST,
	/* Can't be read, or can't be written: rights, owner, room, lock, a
	 * newer version. What there was is left as it is. */
	STORE_UNUSABLE,
	/* The same, since the directory is not there, can't be made and was
	 * not chosen by anybody. */
	STORE_NO_PLACE,
};

struct store_file;
struct json_t; /* of jansson */

/*
 * Makes the directory where it is missing (one level), locks the document
 * with this key and reads it. The key is UTF-8 text of any kind; two documents
 * with one key and different kinds are different files. Never NULL;
 * store_close() gives back the lock, all else is in the arena.
 */
struct store_file *store_open(struct arena *arena,
	const struct store_place *place, const struct store_kind *kind,
	const char *key);
void store_close(struct store_file *file); /* NULL is fine */

enum store_fate store_fate(const struct store_file *file);
/* Where the fate is LOST, UNUSABLE or NO_PLACE: what happened and what
 * mends it, as the end of a sentence; else NULL. */
const char *store_why(const struct store_file *file);
/* The host that wrote what was read; NULL where nothing was. */
const char *store_node(const struct store_file *file);

/*
 * READ, and LOST in an earlier run: the file as it is, a JSON object (no
 * duplicate members) whose envelope was checked; the document is its member
 * "state", any JSON value, in the form of the version that is given back. Else
 * NULL.
 */
const char *store_text(const struct store_file *file, size_t *len);
int store_version(const struct store_file *file);
/* The same text as it was parsed, for the files of this room: whoever takes it
 * gives it back by json_decref(). NULL where there is none, or no more. */
struct json_t *store_take_root(struct store_file *file);

/*
 * For a reader who finds that the member "state" is not what was written
 * (why ends a sentence): puts the file aside; the fate becomes LOST, or
 * UNUSABLE where that fails.
 */
void store_is_damaged(struct store_file *file, const char *why);

/* Adds the member "state" to the object that is open. */
typedef void (*store_write_fn)(
	struct json *json, const char *key, const void *document);

/*
 * Replaces the document: written beside, synced, renamed, the directory
 * synced. Nothing is written where nothing would change. False: it is not
 * kept, the old one still is there, and the fate is UNUSABLE (or NO_PLACE, or
 * it was UNUSABLE before, when nothing is tried).
 */
bool store_save(
	struct store_file *file, store_write_fn write, const void *document);

#endif
