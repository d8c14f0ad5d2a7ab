/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that hold secrets. None is waited for, none is read that others could
 * have written or can read, and a key is on disk whole or not at all.
 */
#include "config.h"

#include "common/mailcli/flow_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/core/text.h"

enum {
	KEY_DIGITS = 2 * FLOW_KEY_LEN,
	FILE_SIZE = SECRET_FILE_MAX + 2, /* with a line end */
	DIR_MODE = 0755,
	FILE_MODE = 0600,
};

static const char digits[] = "0123456789abcdef";

const char *flow_key_path(void)
{
	return LIFELINE_SYSCONFDIR "/lifeline-plugins/key";
}

static const char *parent_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path
		       ? "/"
		       : arena_strndup(arena, path, (size_t)(slash - path));
}

/* The state can be lost with its disk, or be wiped: the key must not. */
static bool is_in(struct arena *arena, const char *path, const char *dir)
{
	struct stat one, other;

	return stat(parent_of(arena, path), &one) == 0 &&
	       stat(dir, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static const char *why_not(struct arena *arena)
{
	return arena_printf(arena, "can't be read: %s", strerror(errno));
}

static const char *check_file(int fd, bool permits_open)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return "is no file";
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return "belongs to another user";
	if ((status.st_mode & S_IRWXO) != 0 && !permits_open)
		return "is open to others; permitted: mode 0640 or less, or "
		       "--permit-open-secrets";
	return NULL;
}

/* Reads all of a small file, and ends it with NUL. */
static const char *read_file(
	struct arena *arena, const char *path, bool permits_open, char *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *wrong;
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return why_not(arena);
	wrong = check_file(fd, permits_open);
	while (!wrong && got > 0 && n < FILE_SIZE) {
		got = read(fd, out + n, FILE_SIZE - n);
		if (got < 0)
			wrong = why_not(arena);
		else
			n += (size_t)got;
	}
	(void)close(fd);
	if (!wrong && n == FILE_SIZE)
		wrong = "is too long";
	if (!wrong && memchr(out, '\0', n))
		wrong = "is no text";
	out[wrong ? 0 : n] = '\0';
	return wrong;
}

const char *flow_secret_read(struct arena *arena, const char *path,
	bool permits_open, const char **out)
{
	char *text = arena_alloc(arena, FILE_SIZE + 1);
	const char *wrong = read_file(arena, path, permits_open, text);
	size_t len = strcspn(text, "\r\n");
	size_t ends = strspn(text + len, "\r\n");

	if (wrong)
		return wrong;
	if (text[len + ends] != '\0')
		return "has more than one line";
	text[len] = '\0';
	if (len == 0)
		return "is empty";
	*out = text;
	return text_is_utf8(text) ? NULL : "is no UTF-8 text";
}

const char *flow_key_read(struct arena *arena, const char *path,
	const char *state_dir, bool permits_open, uint8_t key[FLOW_KEY_LEN])
{
	const char *text = "";
	const char *wrong = flow_secret_read(arena, path, permits_open, &text);
	size_t i;

	if (wrong && access(path, F_OK) != 0 && errno == ENOENT)
		return "is not there: --init makes one; or put its copy back";
	if (!wrong && is_in(arena, path, state_dir))
		wrong = "is in the state directory, which may be lost";
	if (wrong)
		return wrong;
	if (strlen(text) != KEY_DIGITS || strspn(text, digits) != KEY_DIGITS)
		return "is no key of --init";
	for (i = 0; i < KEY_DIGITS; i++)
		key[i / 2] = (uint8_t)(key[i / 2] << 4 |
				       (strchr(digits, text[i]) - digits));
	return NULL;
}

static const char *could_not(struct arena *arena)
{
	return arena_printf(arena, "can't be made: %s", strerror(errno));
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static bool sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return is_synced;
}

/* Written beside, then linked: link(2) never replaces what is there. */
static const char *keep(struct arena *arena, const char *path, const char *text)
{
	const char *beside =
		arena_printf(arena, "%s.%ld.new", path, (long)getpid());
	const char *wrong = NULL;
	int fd;

	(void)unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return could_not(arena);
	if (fchmod(fd, FILE_MODE) != 0 || !write_all(fd, text, strlen(text)))
		wrong = could_not(arena);
	if (close(fd) != 0 && !wrong)
		wrong = could_not(arena);
	if (!wrong && link(beside, path) != 0)
		wrong = errno == EEXIST
				? "is there already; it is left as it is"
				: could_not(arena);
	(void)unlink(beside);
	if (!wrong && !sync_dir(parent_of(arena, path)))
		wrong = could_not(arena);
	return wrong;
}

const char *flow_key_make(struct arena *arena, const char *path,
	const char *state_dir, uint8_t key[FLOW_KEY_LEN])
{
	char text[KEY_DIGITS + 2];
	struct stat status;
	size_t i;

	if (lstat(path, &status) == 0)
		return "is there already; it is left as it is";
	if (mkdir(parent_of(arena, path), DIR_MODE) != 0 && errno != EEXIST)
		return could_not(arena);
	if (is_in(arena, path, state_dir))
		return "would be in the state directory, which may be lost";
	if (getrandom(key, FLOW_KEY_LEN, 0) != FLOW_KEY_LEN)
		return could_not(arena);
	for (i = 0; i < KEY_DIGITS; i++)
		text[i] =
			digits[i % 2 == 0 ? key[i / 2] >> 4 : key[i / 2] & 15];
	text[KEY_DIGITS] = '\n';
	text[KEY_DIGITS + 1] = '\0';
	return keep(arena, path, text);
}
