/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * State files, in a fresh directory: every fate, runs side by side, and what
 * is left where a run is killed or the disk fails at any step of a save.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/store/store.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	NOW_S = 1800000000,
	PATH_BYTES = 512,
	FILE_BYTES = 256 * 1024,
	WRITERS = 8,
	APPENDS = 25,
	NOBODY = 65534,
	WAIT_US = 1200 *
		  1000000, /* each waits for the disk, and for all others */
};

static const struct store_kind test_kind = { "test", 2 };

/* -- what the store calls, to be hindered at a step ---------------------- */

enum hindrance {
	HINDER_NOT,
	HINDER_FAIL, /* with an errno */
	HINDER_KILL, /* as by SIGKILL, writes half done */
};

static struct {
	enum hindrance how;
	int error;
	unsigned at, step; /* which call of a save; 0: none */
} hindered;

static bool is_hindered(void)
{
	if (hindered.how == HINDER_NOT || ++hindered.step != hindered.at)
		return false;
	errno = hindered.error;
	return true;
}

static void die(void)
{
	(void)kill(getpid(), SIGKILL);
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (is_hindered()) {
		ssize_t put = __real_write(fd, data, len / 2);

		if (hindered.how == HINDER_KILL)
			die();
		errno = hindered.error;
		return put < 0 ? put : -1;
	}
	return __real_write(fd, data, len);
}

int __wrap_fsync(int fd)
{
	if (is_hindered()) {
		if (hindered.how == HINDER_KILL)
			die();
		return -1;
	}
	return __real_fsync(fd);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (is_hindered()) {
		if (hindered.how == HINDER_KILL)
			die();
		return -1;
	}
	return __real_renameat(from_fd, from, to_fd, to);
}

/* -- a place and a document ---------------------------------------------- */

struct fixture {
	struct arena *arena;
	char root[PATH_BYTES]; /* removed at the end */
	char dir[PATH_BYTES];  /* in it, for the store to make */
	struct store_place place;
};

static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char inside[PATH_BYTES + 256];

		if (strcmp(entry->d_name, ".") == 0 ||
			strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		if (unlink(inside) != 0)
			remove_tree(inside);
	}
	if (dir)
		closedir(dir);
	(void)rmdir(path);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	if (!f)
		return -1;
	snprintf(f->root, sizeof(f->root), "%s/test_store.XXXXXX",
		tmp ? tmp : "/tmp");
	if (!mkdtemp(f->root))
		return -1;
	snprintf(
		f->dir, sizeof(f->dir), "%.*s/state", PATH_BYTES - 10, f->root);
	f->arena = arena_new(ARENA_MAX);
	f->place = (struct store_place){
		.dir = f->dir, .is_chosen = true, .now_s = NOW_S
	};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	hindered.how = HINDER_NOT;
	remove_tree(f->root);
	arena_free(f->arena);
	free(f);
	return 0;
}

static void write_text(struct json *json, const char *key, const void *document)
{
	json_add_string(json, key, document);
}

static struct store_file *open_key(struct fixture *f, const char *key)
{
	return store_open(f->arena, &f->place, &test_kind, key);
}

/* Saves, and closes. */
static bool keep(struct fixture *f, const char *key, const char *text)
{
	struct store_file *file = open_key(f, key);
	bool is_kept = store_save(file, write_text, text);

	store_close(file);
	return is_kept;
}

static enum store_fate fate_of(struct fixture *f, const char *key)
{
	struct store_file *file = open_key(f, key);
	enum store_fate fate = store_fate(file);

	/* A sentence where something is wrong, and only there. */
	assert_int_equal(store_why(file) != NULL,
		fate != STORE_READ && fate != STORE_NEW);
	store_close(file);
	return fate;
}

/* The document, as it is in the file; NULL: there is none. */
static const char *state_of(struct fixture *f, const struct store_file *file)
{
	static const char before[] = "\"state\":\"";
	size_t len;
	const char *text = store_text(file, &len);
	const char *at;

	if (!text)
		return NULL;
	at = strstr(arena_strndup(f->arena, text, len), before);
	assert_non_null(at);
	at += strlen(before);
	return arena_strndup(f->arena, at, strcspn(at, "\""));
}

static void assert_kept(struct fixture *f, const char *key, const char *text)
{
	struct store_file *file = open_key(f, key);

	assert_int_equal(store_fate(file), STORE_READ);
	assert_string_equal(state_of(f, file), text);
	store_close(file);
}

/* How many names end so; the last is in path. */
static unsigned find(const struct fixture *f, const char *ending, char *path)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;
	unsigned found = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len < strlen(ending) ||
			strcmp(entry->d_name + len - strlen(ending), ending) !=
				0)
			continue;
		found++;
		if (path)
			snprintf(path, PATH_BYTES + 256, "%s/%s", f->dir,
				entry->d_name);
	}
	closedir(dir);
	return found;
}

static void put_bytes(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static const char *get_bytes(struct fixture *f, const char *path, size_t *len)
{
	char *bytes = arena_alloc(f->arena, FILE_BYTES);
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, bytes, FILE_BYTES - 1);

	assert_true(got >= 0);
	close(fd);
	*len = (size_t)got;
	return bytes;
}

/* -- keeping ------------------------------------------------------------- */

static void what_is_kept_is_read(void **state)
{
	struct fixture *f = *state;
	struct store_file *file = open_key(f, "zone");
	char path[PATH_BYTES + 256], node[256] = "";
	struct stat is;

	assert_int_equal(store_fate(file), STORE_NEW);
	assert_null(store_node(file));
	assert_true(store_save(file, write_text, "one"));
	store_close(file);
	assert_int_equal(stat(f->dir, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0700);
	assert_int_equal(find(f, ".json", path), 1);
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0600);

	file = open_key(f, "zone");
	assert_int_equal(store_fate(file), STORE_READ);
	assert_int_equal(store_version(file), 2);
	assert_int_equal(gethostname(node, sizeof(node) - 1), 0);
	assert_string_equal(store_node(file), node);
	assert_string_equal(state_of(f, file), "one");
	assert_true(store_save(file, write_text, "two"));
	assert_true(store_save(file, write_text, "three"));
	store_close(file);
	assert_kept(f, "zone", "three");
	assert_int_equal(find(f, ".tmp", NULL), 0);
}

static void keys_are_kept_apart(void **state)
{
	static const char *const keys[] = { "a b", "a_b", "a", "", "../../a",
		"/etc/passwd", ".", "A", "a\nb", "\xc3\xa4", "%s%n" };
	struct fixture *f = *state;
	const struct store_kind other = { "other", 2 };
	char *lengthy = arena_alloc(f->arena, 5001);
	struct store_file *file;
	size_t i;

	memset(lengthy, 'x', 5000);
	for (i = 0; i < COUNT(keys); i++)
		assert_true(keep(f, keys[i], keys[i]));
	assert_true(keep(f, lengthy, "long"));
	lengthy[4999] = 'y';
	assert_int_equal(fate_of(f, lengthy), STORE_NEW);
	lengthy[4999] = 'x';
	assert_kept(f, lengthy, "long");
	assert_kept(f, "../../a", "../../a");
	assert_kept(f, "a b", "a b");
	assert_kept(f, "a_b", "a_b");
	assert_int_equal(find(f, ".json", NULL), COUNT(keys) + 1);
	file = store_open(f->arena, &f->place, &other, "a");
	assert_int_equal(store_fate(file), STORE_NEW);
	store_close(file);
}

static void nothing_is_written_where_nothing_changed(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES + 256];
	struct stat before, after;
	struct store_file *file;

	assert_true(keep(f, "zone", "one"));
	assert_int_equal(find(f, ".json", path), 1);
	assert_int_equal(stat(path, &before), 0);
	f->place.now_s++;
	assert_true(keep(f, "zone", "one"));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(keep(f, "zone", "two"));
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	/* What counts is what was saved last. */
	file = open_key(f, "zone");
	assert_true(store_save(file, write_text, "six"));
	assert_true(store_save(file, write_text, "two"));
	store_close(file);
	assert_kept(f, "zone", "two");
}

static void what_is_too_large_is_not_kept(void **state)
{
	struct fixture *f = *state;
	char *huge = arena_alloc(f->arena, STORE_SIZE_MAX + 1);

	assert_true(keep(f, "zone", "one"));
	memset(huge, 'x', STORE_SIZE_MAX);
	assert_false(keep(f, "zone", huge));
	assert_kept(f, "zone", "one");
}

/* -- damage -------------------------------------------------------------- */

/* The envelope of the key "zone", with what is to be put in its place. */
struct damage {
	const char *from, *to;
};

static void damage_is_put_aside(void **state)
{
	static const struct damage damages[] = {
		{ "{\"kind\"", "{\"kynd\"" },
		{ "\"kind\":\"test\"", "\"kind\":\"toast\"" },
		{ "\"version\":2,", "" },
		{ "\"version\":2,", "\"version\":0," },
		{ "\"version\":2,", "\"version\":-1," },
		{ "\"version\":2,", "\"version\":2.0," },
		{ "\"version\":2,", "\"version\":\"2\"," },
		{ "\"version\":2,", "\"version\":2,\"version\":2," },
		{ "\"version\":2,", "\"version\":99999999999999999999," },
		{ "\"key\":\"zone\"", "\"key\":\"zones\"" },
		{ "\"key\":\"zone\"", "\"key\":null" },
		{ "\"node\":\"", "\"nose\":\"" },
		{ "\"saved_s\":1800000000", "\"saved_s\":-1" },
		{ "\"saved_s\":1800000000", "\"saved_s\":\"now\"" },
		{ ",\"state\":\"one\"", "" },
		{ "\"one\"}", "\"one\"}}" },
		{ "\"one\"}", "\"one\"" },
		{ "\"one\"}", "\"on\\u0000e\"}" },
		{ "\"one\"}", "\"on\xff\"}" },
		{ "{\"kind\"", "[{\"kind\"" },
	};
	struct fixture *f = *state;
	char path[PATH_BYTES + 256], bad[PATH_BYTES + 256];
	const char *whole;
	size_t i, len;

	assert_true(keep(f, "zone", "one"));
	find(f, ".json", path);
	whole = get_bytes(f, path, &len);
	for (i = 0; i < COUNT(damages); i++) {
		const char *at = strstr(whole, damages[i].from);
		char *text;

		assert_non_null(at);
		text = arena_printf(f->arena, "%.*s%s%s", (int)(at - whole),
			whole, damages[i].to, at + strlen(damages[i].from));
		put_bytes(path, text, strlen(text));
		assert_int_equal(fate_of(f, "zone"), STORE_LOST);
		/* One is kept, the last. */
		assert_int_equal(find(f, ".json", NULL), 0);
		assert_int_equal(find(f, ".bad", bad), 1);
		assert_string_equal(get_bytes(f, bad, &len), text);
	}
	/* Told until it is removed. */
	assert_int_equal(fate_of(f, "zone"), STORE_LOST);
	assert_true(keep(f, "zone", "two"));
	assert_int_equal(fate_of(f, "zone"), STORE_LOST);
	assert_int_equal(unlink(bad), 0);
	assert_kept(f, "zone", "two");
}

static void any_truncation_is_damage(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES + 256];
	const char *whole;
	size_t len, i;

	assert_true(keep(f, "zone", "one"));
	find(f, ".json", path);
	whole = get_bytes(f, path, &len);
	/* The last byte is the end of the line. */
	for (i = 0; i < len - 1; i++) {
		put_bytes(path, whole, i);
		assert_int_equal(fate_of(f, "zone"), STORE_LOST);
	}
	assert_int_equal(find(f, ".bad", path), 1);
	assert_int_equal(unlink(path), 0);
}

/* JSON may have any number of blanks at its end. */
static void a_file_too_large_is_damage(void **state)
{
	struct fixture *f = *state;
	char *blanks = arena_alloc(f->arena, STORE_SIZE_MAX + 1);
	char path[PATH_BYTES + 256];
	const char *whole;
	size_t len;

	assert_true(keep(f, "zone", "one"));
	find(f, ".json", path);
	whole = get_bytes(f, path, &len);
	memset(blanks, ' ', STORE_SIZE_MAX + 1);
	memcpy(blanks, whole, len);
	put_bytes(path, blanks, STORE_SIZE_MAX);
	assert_kept(f, "zone", "one");
	put_bytes(path, blanks, STORE_SIZE_MAX + 1);
	assert_int_equal(fate_of(f, "zone"), STORE_LOST);
}

static void what_was_parsed_is_taken_once(void **state)
{
	struct fixture *f = *state;
	struct store_file *file;
	json_t *root;

	assert_true(keep(f, "zone", "one"));
	file = open_key(f, "zone");
	root = store_take_root(file);
	assert_string_equal(
		json_string_value(json_object_get(root, "state")), "one");
	assert_null(store_take_root(file));
	store_close(file);
	json_decref(root);
	file = open_key(f, "zone");
	store_is_damaged(file, "is odd");
	assert_null(store_take_root(file));
	store_close(file);
}

static void a_reader_can_find_damage(void **state)
{
	struct fixture *f = *state;
	struct store_file *file;
	size_t len;

	assert_true(keep(f, "zone", "one"));
	file = open_key(f, "zone");
	store_is_damaged(file, "is odd");
	assert_int_equal(store_fate(file), STORE_LOST);
	assert_null(store_text(file, &len));
	assert_null(store_node(file));
	assert_true(store_save(file, write_text, "one"));
	store_close(file);
	assert_int_equal(find(f, ".json", NULL), 1);
	assert_int_equal(find(f, ".bad", NULL), 1);

	hindered.how = HINDER_FAIL;
	hindered.error = EIO;
	hindered.step = 0;
	hindered.at = 1;
	file = open_key(f, "zone");
	store_is_damaged(file, "is odd");
	assert_int_equal(store_fate(file), STORE_UNUSABLE);
	store_close(file);
}

/* A host without a clock of its own, before it was told the time. */
static void a_clock_that_is_not_set_keeps_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_file *file;

	f->place.now_s = 1000000000;
	file = open_key(f, "zone");
	assert_int_equal(store_fate(file), STORE_UNUSABLE);
	assert_non_null(store_why(file));
	assert_false(store_save(file, write_text, "then"));
	store_close(file);
	f->place.now_s = NOW_S;
	file = open_key(f, "zone");
	assert_int_equal(store_fate(file), STORE_NEW);
	store_close(file);
}

static void a_newer_version_is_left_alone(void **state)
{
	struct fixture *f = *state;
	const struct store_kind newer = { "test", 3 };
	struct store_file *file =
		store_open(f->arena, &f->place, &newer, "zone");

	assert_true(store_save(file, write_text, "newer"));
	store_close(file);
	file = open_key(f, "zone");
	assert_int_equal(store_fate(file), STORE_UNUSABLE);
	assert_non_null(store_why(file));
	assert_false(store_save(file, write_text, "older"));
	store_close(file);
	assert_int_equal(find(f, ".bad", NULL), 0);
	file = store_open(f->arena, &f->place, &newer, "zone");
	assert_int_equal(store_fate(file), STORE_READ);
	assert_string_equal(state_of(f, file), "newer");
	store_close(file);
}

static void an_older_version_is_read(void **state)
{
	struct fixture *f = *state;
	const struct store_kind newer = { "test", 3 };
	struct store_file *file;

	assert_true(keep(f, "zone", "older"));
	file = store_open(f->arena, &f->place, &newer, "zone");
	assert_int_equal(store_fate(file), STORE_READ);
	assert_int_equal(store_version(file), 2);
	/* In the new form it is another file. */
	assert_true(store_save(file, write_text, "older"));
	store_close(file);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
}

/* -- the place ----------------------------------------------------------- */

static void a_place_open_to_others_is_not_used(void **state)
{
	static const mode_t modes[] = { 0750, 0705, 0701, 0720, 01777 };
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(mkdir(f->dir, 0700), 0);
	for (i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(f->dir, modes[i]), 0);
		assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	}
	assert_int_equal(find(f, "lock", NULL), 0);
	assert_int_equal(chmod(f->dir, 0700), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_NEW);
}

static void a_place_that_is_none_is_not_used(void **state)
{
	struct fixture *f = *state;
	char other[PATH_BYTES + 8];

	snprintf(other, sizeof(other), "%s2", f->dir);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(symlink(other, f->dir), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	/* Behind a slash the link would be followed. */
	snprintf(other, sizeof(other), "%s//", f->dir);
	f->place.dir = other;
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	f->place.dir = f->dir;
	assert_int_equal(unlink(f->dir), 0);
	put_bytes(f->dir, "", 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	assert_int_equal(unlink(f->dir), 0);
	f->place.dir = "";
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
}

static void a_place_is_not_made_with_its_parents(void **state)
{
	struct fixture *f = *state;
	char deep[PATH_BYTES + 8];
	struct store_file *file;

	snprintf(deep, sizeof(deep), "%s/deep", f->dir);
	f->place.dir = deep;
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	f->place.is_chosen = false;
	file = open_key(f, "zone");
	assert_int_equal(store_fate(file), STORE_NO_PLACE);
	assert_non_null(store_why(file));
	assert_false(store_save(file, write_text, "one"));
	assert_int_equal(store_fate(file), STORE_NO_PLACE);
	store_close(file);
	/* One that is there and of no use is no better for not being
	 * chosen. */
	f->place.dir = f->root;
	assert_int_equal(chmod(f->root, 0755), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
}

static void what_belongs_to_others_is_not_used(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES + 256];

	if (geteuid() != 0) {
		f->place.dir = "/"; /* is root's */
		assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
		return;
	}
	assert_true(keep(f, "zone", "one"));
	assert_int_equal(chown(f->dir, NOBODY, 0), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	assert_int_equal(chown(f->dir, 0, 0), 0);
	find(f, ".json", path);
	assert_int_equal(chown(path, NOBODY, 0), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	assert_int_equal(chown(path, 0, 0), 0);
	find(f, ".lock", path);
	assert_int_equal(chown(path, NOBODY, 0), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_kept(f, "zone", "one");
}

static void only_plain_files_are_opened(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES + 256], away[PATH_BYTES + 264];
	unsigned i;

	for (i = 0; i < 2; i++) {
		assert_true(keep(f, "zone", "one"));
		find(f, i == 0 ? ".json" : ".lock", path);
		snprintf(away, sizeof(away), "%s.away", path);
		assert_int_equal(rename(path, away), 0);
		assert_int_equal(symlink(away, path), 0);
		assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
		assert_int_equal(unlink(path), 0);
		/* Nobody writes into it: opening must not wait. */
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
		assert_int_equal(rmdir(path), 0);
		assert_int_equal(rename(away, path), 0);
		assert_kept(f, "zone", "one");
	}
}

/* -- no room, no right ---------------------------------------------------- */

static void a_limit_of_size_leaves_the_old_file(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	struct store_file *file;

	assert_true(keep(f, "zone", "one"));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 20, old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	file = open_key(f, "zone");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(store_save(file, write_text, "two"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(store_fate(file), STORE_UNUSABLE);
	assert_non_null(store_why(file));
	store_close(file);
	assert_int_equal(find(f, ".tmp", NULL), 0);
	assert_kept(f, "zone", "one");
}

/* A file system of its own, that is full and then read-only; where this user
 * may mount none, a directory without the right to write, which only root
 * has anyhow. */
static void fill_and_freeze(struct fixture *f)
{
	char path[PATH_BYTES + 256];
	char page[4096] = { 0 };
	int fd;

	assert_int_equal(chmod(f->dir, 0700), 0);
	assert_true(keep(f, "zone", "one"));
	snprintf(path, sizeof(path), "%s/filler", f->dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	while (write(fd, page, sizeof(page)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
	assert_false(keep(f, "zone", "two"));
	assert_kept(f, "zone", "one");
	assert_int_equal(unlink(path), 0);
	assert_true(keep(f, "zone", "three"));
	assert_int_equal(
		mount("none", f->dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL),
		0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	assert_false(keep(f, "zone", "four"));
	assert_int_equal(mount("none", f->dir, "tmpfs", MS_REMOUNT, NULL), 0);
	assert_kept(f, "zone", "three");
}

static void no_right(struct fixture *f)
{
	assert_int_equal(chmod(f->dir, 0500), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	assert_int_equal(chmod(f->dir, 0), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	assert_int_equal(chmod(f->dir, 0700), 0);
	assert_int_equal(fate_of(f, "zone"), STORE_NEW);
}

static void full_and_read_only_file_systems(void **state)
{
	struct fixture *f = *state;
	int status = 0;
	pid_t child;

	assert_int_equal(mkdir(f->dir, 0700), 0);
	if (geteuid() != 0) {
		no_right(f);
		return;
	}
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNS) != 0 ||
			mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) !=
				0 ||
			mount("none", f->dir, "tmpfs", 0, "size=32k") != 0)
			_exit(EXIT_SUCCESS); /* as in a chroot; others have it */
		fill_and_freeze(f);
		_exit(EXIT_SUCCESS);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A save is a write, a sync, a rename and a sync. */
enum {
	SAVE_STEPS = 4,
};

static void a_step_that_fails_leaves_the_old_file(void **state)
{
	static const int errors[] = { ENOSPC, EDQUOT, EIO, EROFS };
	struct fixture *f = *state;
	unsigned step;
	size_t i;

	for (i = 0; i < COUNT(errors); i++) {
		for (step = 1; step <= SAVE_STEPS; step++) {
			struct store_file *file;

			assert_true(keep(f, "zone", "one"));
			file = open_key(f, "zone");
			hindered.error = errors[i];
			hindered.step = 0;
			hindered.at = step;
			hindered.how = HINDER_FAIL;
			assert_false(store_save(file, write_text, "two"));
			assert_true(hindered.step >= step);
			hindered.how = HINDER_NOT;
			assert_int_equal(store_fate(file), STORE_UNUSABLE);
			assert_non_null(
				strstr(store_why(file), strerror(errors[i])));
			/* Once is enough. */
			assert_false(store_save(file, write_text, "two"));
			store_close(file);
			assert_int_equal(find(f, ".tmp", NULL), 0);
			assert_kept(
				f, "zone", step < SAVE_STEPS ? "one" : "two");
		}
	}
	/* There is none but these. */
	hindered.how = HINDER_FAIL;
	hindered.step = 0;
	hindered.at = SAVE_STEPS + 1;
	assert_true(keep(f, "zone", "three"));
	assert_int_equal(hindered.step, SAVE_STEPS);
}

static void a_loss_stays_named_where_saving_fails(void **state)
{
	struct fixture *f = *state;
	struct store_file *file;
	char path[PATH_BYTES + 256];

	assert_true(keep(f, "zone", "one"));
	find(f, ".json", path);
	put_bytes(path, "{", 1);
	file = open_key(f, "zone");
	assert_int_equal(store_fate(file), STORE_LOST);
	hindered.how = HINDER_FAIL;
	hindered.error = ENOSPC;
	hindered.step = 0;
	hindered.at = 1;
	assert_false(store_save(file, write_text, "two"));
	hindered.how = HINDER_NOT;
	assert_int_equal(store_fate(file), STORE_UNUSABLE);
	assert_non_null(strstr(store_why(file), ".bad"));
	assert_non_null(strstr(store_why(file), strerror(ENOSPC)));
	store_close(file);
	assert_int_equal(fate_of(f, "zone"), STORE_LOST);
}

static void a_run_killed_at_any_step_leaves_a_whole_file(void **state)
{
	struct fixture *f = *state;
	unsigned step;

	for (step = 1; step <= SAVE_STEPS; step++) {
		int status = 0;
		pid_t child;

		assert_true(keep(f, "zone", "one"));
		child = fork();
		if (child == 0) {
			hindered.step = 0;
			hindered.at = step;
			hindered.how = HINDER_KILL;
			(void)keep(f, "zone", "two");
			_exit(EXIT_SUCCESS);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		/* What it left beside is cleaned away by the next run. */
		assert_int_equal(find(f, ".tmp", NULL), step < SAVE_STEPS);
		assert_kept(f, "zone", step < SAVE_STEPS ? "one" : "two");
		assert_int_equal(find(f, ".tmp", NULL), 0);
	}
}

/* -- two at once --------------------------------------------------------- */

static void a_lock_that_is_held_is_not_waited_for_long(void **state)
{
	struct fixture *f = *state;
	struct store_file *first = open_key(f, "zone");
	struct store_file *second;
	int64_t start_us;

	assert_int_equal(fate_of(f, "other"), STORE_NEW);
	assert_int_equal(fate_of(f, "zone"), STORE_UNUSABLE);
	start_us = clock_mono_us();
	f->place.deadline_us = start_us + 50000;
	second = open_key(f, "zone");
	assert_int_equal(store_fate(second), STORE_UNUSABLE);
	assert_true(clock_mono_us() >= start_us + 50000);
	assert_false(store_save(second, write_text, "second"));
	assert_true(store_save(first, write_text, "first"));
	store_close(second);
	store_close(first);
	assert_kept(f, "zone", "first");
}

/* Adds its own mark, once a turn, to what all have written. */
static void append(struct fixture *f, unsigned writer)
{
	unsigned i;

	for (i = 0; i < APPENDS; i++) {
		struct store_file *file;
		const char *before = "";

		f->place.deadline_us = clock_mono_us() + WAIT_US;
		file = open_key(f, "zone");
		if (store_fate(file) == STORE_READ)
			before = state_of(f, file);
		else if (store_fate(file) != STORE_NEW)
			_exit(EXIT_FAILURE);
		if (!store_save(file, write_text,
			    arena_printf(
				    f->arena, "%s%u.%u;", before, writer, i)))
			_exit(EXIT_FAILURE);
		store_close(file);
	}
	_exit(EXIT_SUCCESS);
}

static void runs_at_once_lose_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_file *file;
	const char *marks;
	unsigned i, k;

	for (i = 0; i < WRITERS; i++)
		if (fork() == 0)
			append(f, i);
	for (i = 0; i < WRITERS; i++) {
		int status = -1;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	file = open_key(f, "zone");
	assert_int_equal(store_fate(file), STORE_READ);
	marks = state_of(f, file);
	store_close(file);
	/* Each writer's in its own order. */
	for (i = 0; i < WRITERS; i++) {
		const char *at = marks;

		for (k = 0; k < APPENDS; k++) {
			const char *mark =
				arena_printf(f->arena, "%s%u.%u;", "", i, k);

			at = strstr(at, mark);
			assert_non_null(at);
			at += strlen(mark);
		}
	}
	for (i = 0; *marks != '\0'; marks++)
		i += *marks == ';';
	assert_int_equal(i, WRITERS * APPENDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_kept_is_read),
		TEST(keys_are_kept_apart),
		TEST(nothing_is_written_where_nothing_changed),
		TEST(what_is_too_large_is_not_kept),
		TEST(damage_is_put_aside),
		TEST(any_truncation_is_damage),
		TEST(a_file_too_large_is_damage),
		TEST(a_reader_can_find_damage),
		TEST(what_was_parsed_is_taken_once),
		TEST(a_clock_that_is_not_set_keeps_nothing),
		TEST(a_newer_version_is_left_alone),
		TEST(an_older_version_is_read),
		TEST(a_place_open_to_others_is_not_used),
		TEST(a_place_that_is_none_is_not_used),
		TEST(a_place_is_not_made_with_its_parents),
		TEST(what_belongs_to_others_is_not_used),
		TEST(only_plain_files_are_opened),
		TEST(a_limit_of_size_leaves_the_old_file),
		TEST(full_and_read_only_file_systems),
		TEST(a_step_that_fails_leaves_the_old_file),
		TEST(a_loss_stays_named_where_saving_fails),
		TEST(a_run_killed_at_any_step_leaves_a_whole_file),
		TEST(a_lock_that_is_held_is_not_waited_for_long),
		TEST(runs_at_once_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
