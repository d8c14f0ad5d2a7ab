/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/cli/extra_opts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/core/clock.h"

enum {
	FILE_MAX = 256 * 1024, /* bytes of a file */
};

static const char blanks[] = " \t\r\f\v";

/* Where a file with options is looked for. */
static const char *const file_paths[] = {
	LIFELINE_SYSCONFDIR "/monitoring-plugins/monitoring-plugins.ini",
	LIFELINE_SYSCONFDIR "/monitoring-plugins.ini",
	"/usr/local/etc/monitoring-plugins/monitoring-plugins.ini",
	"/usr/local/etc/monitoring-plugins.ini",
	"/etc/monitoring-plugins/monitoring-plugins.ini",
	"/etc/monitoring-plugins.ini",
	"/etc/nagios/plugins.ini",
	"/usr/local/nagios/etc/plugins.ini",
	"/usr/local/etc/nagios/plugins.ini",
	"/etc/opt/nagios/plugins.ini",
	"/etc/nagios-plugins.ini",
	"/usr/local/etc/nagios-plugins.ini",
	"/etc/opt/nagios-plugins.ini",
};

/* And what it is called in a folder of $NAGIOS_CONFIG_PATH. */
static const char *const file_names[] = { "monitoring-plugins.ini",
	"plugins.ini", "nagios-plugins.ini" };

/* One file while it is read. */
struct source {
	struct settings *settings;
	const char *path;
	const char *section; /* the one that counts */
	bool is_open;        /* others can get at it */
	bool has_section;
	bool is_in_section;
	size_t line; /* number, for messages */
};

static const char *find_in_folders(struct arena *arena, const char *folders)
{
	while (*folders != '\0') {
		size_t len = strcspn(folders, ":");
		const char *folder = arena_strndup(arena, folders, len);

		for (size_t i = 0;
			i < sizeof(file_names) / sizeof(file_names[0]); i++) {
			const char *path = arena_printf(
				arena, "%s/%s", folder, file_names[i]);

			if (access(path, R_OK) == 0)
				return path;
		}
		folders += len + (folders[len] == ':');
	}
	return NULL;
}

static const char *find_file(struct arena *arena)
{
	const char *file = getenv("MP_CONFIG_FILE");
	const char *folders = getenv("NAGIOS_CONFIG_PATH");
	const char *found = NULL;

	if (file != NULL && *file != '\0')
		return file;
	if (folders != NULL)
		found = find_in_folders(arena, folders);
	for (size_t i = 0;
		found == NULL && i < sizeof(file_paths) / sizeof(file_paths[0]);
		i++) {
		if (access(file_paths[i], R_OK) == 0)
			found = file_paths[i];
	}
	return found;
}

/* Until there is something to read; false where it takes too long. */
static bool wait_readable(int fd, int64_t until_us)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		int64_t left_ms = (until_us - clock_mono_us()) / 1000;
		int ready;

		if (left_ms <= 0)
			return false;
		ready = poll(&poll_fd, 1,
			left_ms > INT_MAX ? INT_MAX : (int)left_ms);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

/* Reads all of fd into data, which has room for FILE_MAX and a NUL. Returns
 * NULL, or what is wrong with the file. */
static const char *read_all(int fd, int64_t until_us, char *data)
{
	size_t len = 0;

	for (;;) {
		ssize_t n;

		if (!wait_readable(fd, until_us))
			return "gave nothing to read in time";
		n = read(fd, data + len, FILE_MAX - len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return "can't be read";
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == FILE_MAX)
			return "is too long; permitted: 256 KiB";
	}
	if (memchr(data, '\0', len) != NULL || !text_is_utf8(data))
		return "is not UTF-8 text";
	return NULL;
}

/* The text of the file, or NULL where it was not to be had. */
static char *read_file(struct source *source, int64_t until_us)
{
	bool is_stdin = strcmp(source->path, "-") == 0;
	char *data = arena_array(source->settings->arena, FILE_MAX + 1, 1);
	struct stat status;
	const char *wrong;
	int fd = STDIN_FILENO;

	/* Not to be kept waiting by a pipe that nobody writes to. */
	if (!is_stdin)
		fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		settings_fail(source->settings, "--extra-opts: %s: %s",
			source->path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &status) == 0)
		source->is_open = S_ISREG(status.st_mode) &&
				  (status.st_mode & S_IRWXO) != 0;
	wrong = read_all(fd, until_us, data);
	if (!is_stdin)
		(void)close(fd);
	if (wrong == NULL)
		return data;
	settings_fail(
		source->settings, "--extra-opts: %s %s", source->path, wrong);
	return NULL;
}

/* s without the blanks around it, which are overwritten. */
static char *trim(char *s)
{
	size_t len;

	s += strspn(s, blanks);
	len = strlen(s);
	while (len > 0 && strchr(blanks, s[len - 1]) != NULL)
		s[--len] = '\0';
	return s;
}

static void set_option(
	struct source *source, const char *key, const char *value)
{
	struct settings *settings = source->settings;
	bool is_letter = key[0] != '\0' && key[1] == '\0';
	const struct option_def *def =
		is_letter
			? options_find_letter(settings->plugin, key[0])
			: options_find_name(settings->plugin, key, strlen(key));
	const char *shown = arena_printf(settings->arena, "%s%s (%s line %zu)",
		is_letter ? "-" : "--", key, source->path, source->line);

	if (def == NULL || def->is_for_argv) {
		settings_fail(settings, "%s is no option%s", shown,
			def == NULL ? "" : " for a file");
		return;
	}
	settings_set(settings, def, shown, *value != '\0' ? value : NULL);
	if (def->is_secret && source->is_open)
		settings->open_secret = arena_printf(settings->arena,
			"%s sets --%s and is open to others; permitted: mode "
			"0640 or less, or --permit-open-secrets",
			source->path, def->name);
}

/* "[SECTION]", the first bracket being there. */
static void read_section(struct source *source, char *line)
{
	char *end = strchr(line, ']');

	if (end == NULL || end[1] != '\0') {
		settings_fail(source->settings,
			"--extra-opts: %s line %zu is no [SECTION]",
			source->path, source->line);
		return;
	}
	*end = '\0';
	source->is_in_section = strcmp(line + 1, source->section) == 0;
	if (source->is_in_section)
		source->has_section = true;
}

static void read_line(struct source *source, char *line)
{
	char *equals;

	line = trim(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return;
	if (*line == '[') {
		read_section(source, line);
		return;
	}
	if (!source->is_in_section)
		return;
	equals = strchr(line, '=');
	if (equals == NULL) {
		settings_fail(source->settings,
			"--extra-opts: %s line %zu has no =; permitted: "
			"OPTION=VALUE, or FLAG= for one without a value",
			source->path, source->line);
		return;
	}
	*equals = '\0';
	set_option(source, trim(line), trim(equals + 1));
}

static void read_lines(struct source *source, char *data)
{
	while (*data != '\0') {
		char *end = data + strcspn(data, "\n");
		bool is_last = *end == '\0';

		*end = '\0';
		source->line++;
		read_line(source, data);
		data = is_last ? end : end + 1;
	}
	if (!source->has_section)
		settings_fail(source->settings,
			"--extra-opts: %s has no section [%s]", source->path,
			source->section);
}

void extra_opts_read(
	struct settings *settings, const char *locator, int64_t until_us)
{
	size_t len = strcspn(locator, "@");
	struct source source = { .settings = settings };
	char *data;

	source.section = len > 0 ? arena_strndup(settings->arena, locator, len)
				 : settings->plugin->name;
	source.path = locator[len] == '@' && locator[len + 1] != '\0'
			      ? locator + len + 1
			      : find_file(settings->arena);
	if (source.path == NULL) {
		settings_fail(settings,
			"--extra-opts %s: no file found; name one as "
			"[SECTION]@FILE or in MP_CONFIG_FILE",
			locator);
		return;
	}
	data = read_file(&source, until_us);
	if (data != NULL)
		read_lines(&source, data);
}
