/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * State files. The directory is opened once and all names are taken below
 * that descriptor, so that nobody can put another one in its place; only the
 * run that holds the lock touches a document, its temporary included.
 */
#include "config.h"

#include "common/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/core/clock.h"

enum {
	NAME_SHOWN_MAX = 80, /* characters of the key in a file's name */
	NODE_MAX = 255,
	LOCK_TRY_US = 5000, /* between two tries */
	OTHERS = S_IRWXG | S_IRWXO,
};

/* 2025-01-01: a clock that says less was not set yet, and what is noted by it
 * would be wrong for as long as it is kept. */
static const int64_t earliest_s = 1735689600;

struct store_file {
	struct arena *arena;
	struct store_place place;
	struct store_kind kind;
	const char *dir;
	const char *key;
	const char *name; /* of the file, below dir; the others beside it */
	const char *lock_name, *temporary_name, *bad_name;
	int dir_fd, lock_fd; /* -1: not open */
	enum store_fate fate;
	const char *why, *node;
	/* What the file holds, and of its envelope what is not known; NULL:
	 * there is none. */
	const char *text;
	size_t len;
	json_t *root; /* of the text as it was read, until somebody takes it */
	int version;
	int64_t saved_s;
};

/* -- what went wrong ----------------------------------------------------- */

/* A loss stays named, whatever follows. */
static bool give_up(struct store_file *file, const char *why)
{
	if (file->fate == STORE_LOST)
		why = arena_printf(file->arena, "%s; then %s", file->why, why);
	file->fate = STORE_UNUSABLE;
	file->why = why;
	return false;
}

/* "No space left on device (DIR/NAME can't be VERB)", by errno. */
static bool give_up_errno(
	struct store_file *file, const char *name, const char *verb)
{
	int error = errno;

	return give_up(file, arena_printf(file->arena, "%s (%s/%s can't be %s)",
				     strerror(error), file->dir, name, verb));
}

/* -- the directory ------------------------------------------------------- */

static bool give_up_dir(struct store_file *file, const char *verb)
{
	int error = errno;

	return give_up(file,
		arena_printf(file->arena,
			"%s can't be %s: %s; make it for this user (uid %ju) "
			"with mode 0700, or name another one",
			file->dir, verb, strerror(error),
			(uintmax_t)geteuid()));
}

static bool check_dir(struct store_file *file)
{
	struct stat is;

	if (fstat(file->dir_fd, &is) != 0)
		return give_up_dir(file, "read");
	if (is.st_uid != geteuid())
		return give_up(file,
			arena_printf(file->arena,
				"%s belongs to another user (uid %ju, this is "
				"%ju): run as that user, or name another "
				"directory",
				file->dir, (uintmax_t)is.st_uid,
				(uintmax_t)geteuid()));
	if ((is.st_mode & OTHERS) != 0)
		return give_up(file,
			arena_printf(file->arena,
				"%s is open to others (mode %04o): make it "
				"0700",
				file->dir, (unsigned)is.st_mode & 07777));
	return true;
}

static int open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Its parents are not made: a misspelt path is no reason for a new tree. */
static bool enter_dir(struct store_file *file)
{
	file->dir_fd = open_dir(file->dir);
	if (file->dir_fd < 0 && errno == ENOENT) {
		if (mkdir(file->dir, S_IRWXU) != 0 && errno != EEXIST) {
			(void)give_up_dir(file, "made");
			if (!file->place.is_chosen)
				file->fate = STORE_NO_PLACE;
			return false;
		}
		file->dir_fd = open_dir(file->dir);
	}
	if (file->dir_fd >= 0)
		return check_dir(file);
	if (errno == ENOTDIR || errno == ELOOP)
		return give_up(file,
			arena_printf(file->arena,
				"%s is no directory (a symbolic link is not "
				"followed)",
				file->dir));
	return give_up_dir(file, "opened");
}

/* -- the lock ------------------------------------------------------------ */

/* Whether fd is a file of ours: no device, no pipe, nobody else's. */
static bool is_our_file(int fd, struct stat *is)
{
	return fstat(fd, is) == 0 && S_ISREG(is->st_mode) &&
	       is->st_uid == geteuid();
}

static bool give_up_foreign(struct store_file *file, const char *name)
{
	return give_up(
		file, arena_printf(file->arena,
			      "not a plain file of this user (uid %ju), to be "
			      "removed: %s/%s",
			      (uintmax_t)geteuid(), file->dir, name));
}

static bool wait_for_lock(struct store_file *file)
{
	while (flock(file->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		int64_t left_us = file->place.deadline_us - clock_mono_us();

		if (errno != EWOULDBLOCK && errno != EINTR)
			return give_up_errno(file, file->lock_name, "locked");
		if (left_us <= 0)
			return give_up(file,
				arena_printf(file->arena,
					"held by another run for too long: "
					"%s/%s",
					file->dir, file->lock_name));
		if (left_us > LOCK_TRY_US)
			left_us = LOCK_TRY_US;
		(void)poll(NULL, 0, (int)((left_us + 999) / 1000));
	}
	return true;
}

/* The lock's file stays for ever: two runs that each hold the lock of a name
 * that was removed between them would hold two different ones. */
static bool take_lock(struct store_file *file)
{
	struct stat is;

	file->lock_fd = openat(file->dir_fd, file->lock_name,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		S_IRUSR | S_IWUSR);
	if (file->lock_fd < 0 && errno != ELOOP)
		return give_up_errno(file, file->lock_name, "opened");
	if (file->lock_fd < 0 || !is_our_file(file->lock_fd, &is))
		return give_up_foreign(file, file->lock_name);
	return wait_for_lock(file);
}

/* -- reading ------------------------------------------------------------- */

static void drop_text(struct store_file *file)
{
	json_decref(file->root);
	file->root = NULL;
	file->text = NULL;
}

void store_is_damaged(struct store_file *file, const char *why)
{
	drop_text(file);
	file->node = NULL;
	if (renameat(file->dir_fd, file->name, file->dir_fd, file->bad_name) !=
		0) {
		(void)give_up_errno(file, file->name, "put aside");
		return;
	}
	file->fate = STORE_LOST;
	file->why = arena_printf(file->arena,
		"the file %s; it is kept as %s/%s, to be removed once it was "
		"looked at",
		why, file->dir, file->bad_name);
}

/* -1: read() failed. */
static ssize_t read_all(int fd, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, to + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

/* Into file->text; false: there is nothing to read, for good or ill. */
static bool slurp(struct store_file *file, int fd)
{
	struct stat is;
	ssize_t len;
	char *text;

	if (!is_our_file(fd, &is))
		return give_up_foreign(file, file->name);
	if (is.st_size > STORE_SIZE_MAX) {
		store_is_damaged(file, "is larger than anything written");
		return false;
	}
	text = arena_alloc(file->arena, (size_t)is.st_size + 1);
	len = read_all(fd, text, (size_t)is.st_size);
	if (len < 0)
		return give_up_errno(file, file->name, "read");
	file->text = text;
	file->len = (size_t)len;
	return true;
}

static bool is_member(json_t *object, const char *key, const char *value)
{
	const char *is = json_string_value(json_object_get(object, key));

	return is && strcmp(is, value) == 0;
}

static bool take_node(struct store_file *file, json_t *object)
{
	const char *node = json_string_value(json_object_get(object, "node"));

	if (!node || strlen(node) > NODE_MAX)
		return false;
	file->node = arena_strdup(file->arena, node);
	return true;
}

/* What is wrong with the envelope; NULL: nothing. A version that is not known
 * yet ends in give_up(), whatever the rest of the file looks like. */
static const char *check_envelope(struct store_file *file, json_t *object)
{
	json_t *version = json_object_get(object, "version");
	json_t *saved_s = json_object_get(object, "saved_s");

	if (!json_is_object(object) || !json_is_integer(version) ||
		json_integer_value(version) < 1)
		return "is damaged: it has no version";
	if (!is_member(object, "kind", file->kind.kind) ||
		!is_member(object, "key", file->key))
		return "is damaged: it holds something else";
	if (json_integer_value(version) > file->kind.version) {
		(void)give_up(file,
			arena_printf(file->arena,
				"written by a newer version of this plugin "
				"(format %" JSON_INTEGER_FORMAT "): %s/%s",
				json_integer_value(version), file->dir,
				file->name));
		return NULL;
	}
	if (!take_node(file, object) || !json_is_integer(saved_s) ||
		json_integer_value(saved_s) < 0 ||
		!json_object_get(object, "state"))
		return "is damaged: its envelope is incomplete";
	file->version = (int)json_integer_value(version);
	file->saved_s = json_integer_value(saved_s);
	file->fate = STORE_READ;
	return NULL;
}

static void check_text(struct store_file *file)
{
	json_error_t error;
	const char *damage;

	file->root = json_loadb(
		file->text, file->len, JSON_REJECT_DUPLICATES, &error);
	if (file->root) {
		damage = check_envelope(file, file->root);
	} else {
		/* Errors of the text have a code; want of memory, which says
		 * nothing of the file, has this one or none. */
		if (json_error_code(&error) == json_error_out_of_memory ||
			json_error_code(&error) == json_error_unknown)
			mem_exhausted();
		damage = "is damaged: it is no whole JSON text";
	}
	if (damage)
		store_is_damaged(file, damage);
	if (file->fate != STORE_READ)
		drop_text(file);
}

/* A loss is told until somebody has looked: monitors alarm nobody for what
 * is over at the next run. */
static void recall_loss(struct store_file *file)
{
	struct stat ignored;

	if ((file->fate != STORE_READ && file->fate != STORE_NEW) ||
		fstatat(file->dir_fd, file->bad_name, &ignored,
			AT_SYMLINK_NOFOLLOW) != 0)
		return;
	file->fate = STORE_LOST;
	file->why = arena_printf(file->arena,
		"what was damaged is kept as %s/%s: remove it once it was "
		"looked at",
		file->dir, file->bad_name);
}

static void read_file(struct store_file *file)
{
	int fd = openat(file->dir_fd, file->name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		if (slurp(file, fd))
			check_text(file);
		(void)close(fd);
	} else if (errno == ELOOP) {
		(void)give_up_foreign(file, file->name);
	} else if (errno != ENOENT) {
		(void)give_up_errno(file, file->name, "opened");
	}
}

/* -- opening and closing ------------------------------------------------- */

/* FNV-1a, 64 bits: it only keeps names apart, the key itself is compared. */
static uint64_t hash_text(uint64_t hash, const char *s)
{
	const unsigned char *at = (const unsigned char *)s;

	do
		hash = (hash ^ *at) * 1099511628211u;
	while (*at++ != '\0');
	return hash;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* Something to be read, and a hash that tells apart what reads alike. */
static void name_files(struct store_file *file)
{
	uint64_t hash = hash_text(
		hash_text(14695981039346656037u, file->kind.kind), file->key);
	char *base = arena_printf(file->arena, "%s-%.*s-%016" PRIx64,
		file->kind.kind, NAME_SHOWN_MAX, file->key, hash);
	char *at;

	for (at = base; *at != '\0'; at++)
		if (!is_plain(*at))
			*at = '_';
	file->name = arena_printf(file->arena, "%s.json", base);
	file->lock_name = arena_printf(file->arena, "%s.lock", base);
	file->temporary_name = arena_printf(file->arena, "%s.tmp", base);
	file->bad_name = arena_printf(file->arena, "%s.bad", base);
}

/* Without the slashes at its end, behind which a link is followed. */
static const char *clean_dir(struct arena *arena, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return arena_strndup(arena, dir, len);
}

struct store_file *store_open(struct arena *arena,
	const struct store_place *place, const struct store_kind *kind,
	const char *key)
{
	struct store_file *file = arena_alloc(arena, sizeof(*file));

	*file = (struct store_file){
		.arena = arena,
		.place = *place,
		.kind = *kind,
		.dir = clean_dir(arena, place->dir),
		.key = key,
		.dir_fd = -1,
		.lock_fd = -1,
		.fate = STORE_NEW,
	};
	name_files(file);
	if (place->now_s < earliest_s) {
		(void)give_up(file,
			"the clock of this host is before these plugins were "
			"made: set it");
		return file;
	}
	if (!enter_dir(file) || !take_lock(file))
		return file;
	/* Who holds the lock knows that its writer is dead. */
	(void)unlinkat(file->dir_fd, file->temporary_name, 0);
	read_file(file);
	recall_loss(file);
	return file;
}

void store_close(struct store_file *file)
{
	if (!file)
		return;
	if (file->lock_fd >= 0)
		(void)close(file->lock_fd);
	if (file->dir_fd >= 0)
		(void)close(file->dir_fd);
	file->lock_fd = file->dir_fd = -1;
	json_decref(file->root);
	file->root = NULL;
}

enum store_fate store_fate(const struct store_file *file)
{
	return file->fate;
}

const char *store_why(const struct store_file *file)
{
	return file->why;
}

const char *store_node(const struct store_file *file)
{
	return file->node;
}

const char *store_text(const struct store_file *file, size_t *len)
{
	*len = file->text ? file->len : 0;
	return file->text;
}

int store_version(const struct store_file *file)
{
	return file->version;
}

json_t *store_take_root(struct store_file *file)
{
	json_t *root = file->root;

	file->root = NULL;
	return root;
}

/* -- writing ------------------------------------------------------------- */

/* The whole file, as it would be saved at that time by this host. */
static void compose(const struct store_file *file, int64_t saved_s,
	store_write_fn write, const void *document, struct text *out)
{
	char node[NODE_MAX + 1] = "";
	struct json json;

	/* A name that does not fit may come without its NUL. */
	if (gethostname(node, sizeof(node)) != 0)
		node[0] = '\0';
	node[sizeof(node) - 1] = '\0';
	json_init(&json, out);
	json_open_object(&json, NULL);
	json_add_string(&json, "kind", file->kind.kind);
	json_add_int(&json, "version", file->kind.version);
	json_add_string(&json, "key", file->key);
	json_add_string(&json, "node", node);
	json_add_int(&json, "saved_s", saved_s);
	write(&json, "state", document);
	json_close_object(&json);
	text_add(out, "\n");
}

static bool write_all(int fd, const struct text *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t put = write(fd, text->data + done, text->len - done);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0)
			done += (size_t)put;
	}
	return fsync(fd) == 0;
}

/* The text in the temporary, on the disk. */
static bool write_beside(struct store_file *file, const struct text *text)
{
	int fd = openat(file->dir_fd, file->temporary_name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		S_IRUSR | S_IWUSR);
	bool is_written;
	int error;

	if (fd < 0)
		return false;
	is_written = write_all(fd, text);
	error = errno;
	/* NFS may tell only here that there is no room. */
	if (close(fd) != 0 && is_written) {
		is_written = false;
		error = errno;
	}
	errno = error;
	return is_written;
}

static bool replace(struct store_file *file, const struct text *text)
{
	if (!write_beside(file, text) ||
		renameat(file->dir_fd, file->temporary_name, file->dir_fd,
			file->name) != 0) {
		(void)give_up_errno(file, file->name, "written");
		(void)unlinkat(file->dir_fd, file->temporary_name, 0);
		return false;
	}
	if (fsync(file->dir_fd) != 0)
		return give_up_errno(file, file->name, "made lasting");
	file->text = arena_strndup(file->arena, text->data, text->len);
	file->len = text->len;
	file->saved_s = file->place.now_s;
	return true;
}

/* Whether the file holds that already, whenever it was saved. */
static bool is_kept(const struct store_file *file, store_write_fn write,
	const void *document)
{
	struct text same;
	bool is_same;

	if (!file->text)
		return false;
	text_init(&same, STORE_SIZE_MAX);
	compose(file, file->saved_s, write, document, &same);
	is_same = same.len == file->len &&
		  memcmp(same.data, file->text, file->len) == 0;
	text_release(&same);
	return is_same;
}

bool store_save(
	struct store_file *file, store_write_fn write, const void *document)
{
	struct text text;
	bool is_kept_now;

	if (file->fate == STORE_UNUSABLE || file->fate == STORE_NO_PLACE)
		return false;
	if (is_kept(file, write, document))
		return true;
	text_init(&text, STORE_SIZE_MAX);
	compose(file, file->place.now_s, write, document, &text);
	if (text.is_cut)
		is_kept_now = give_up(
			file, arena_printf(file->arena,
				      "%s/%s would be larger than %d bytes",
				      file->dir, file->name, STORE_SIZE_MAX));
	else
		is_kept_now = replace(file, &text);
	text_release(&text);
	return is_kept_now;
}
