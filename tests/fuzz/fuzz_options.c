/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Options, from a file and from argv: up to the first two NULs the input is
 * the file, behind them each string is an argument.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cli/extra_opts.h"
#include "common/cli/options.h"
#include "common/core/clock.h"

enum {
	ARGUMENTS_MAX = 64,
	MINUTE_US = 60 * 1000 * 1000,
};

struct config {
	struct cli_config common;
	const char *host, *secret;
	uint64_t number;
	int choice;
	struct string_list servers;
};

static const char *const choices[] = { "plain", "fancy", NULL };

static const struct option_def options[] = {
	{ .kind = OPTION_STRING,
		.letter = 'H',
		.name = "host",
		.argument = "NAME",
		.help = "a name",
		.offset = offsetof(struct config, host) },
	{ .kind = OPTION_STRING,
		.name = "secret",
		.argument = "SECRET",
		.help = "a secret",
		.offset = offsetof(struct config, secret),
		.is_secret = true },
	{ .kind = OPTION_UINT,
		.letter = 'n',
		.name = "number",
		.argument = "N",
		.help = "a number",
		.offset = offsetof(struct config, number),
		.min = 3,
		.max = 20 },
	{ .kind = OPTION_CHOICE,
		.name = "choice",
		.argument = "CHOICE",
		.help = "a choice",
		.offset = offsetof(struct config, choice),
		.choices = choices },
	{ .kind = OPTION_LIST,
		.name = "server",
		.argument = "NAME",
		.help = "a list",
		.offset = offsetof(struct config, servers) },
	{ .help = NULL },
};

static void set_defaults(void *arg)
{
	struct config *config = arg;

	config->number = 3;
}

/* Whatever was read, the config holds only what the table permits, and the
 * complaint is text. */
static void check_settings(const struct settings *settings)
{
	const struct config *config = settings->config;

	if (config->number < 3 || config->number > 20 || config->choice < 0 ||
		config->choice > 1 || config->common.verbosity > 3 ||
		config->common.timeout_ms < 100 ||
		config->common.timeout_ms > 600000 ||
		config->common.extra_opts.n > ARGUMENTS_MAX)
		abort();
	for (size_t i = 0; i < config->servers.n; i++) {
		if (config->servers.at[i] == NULL)
			abort();
	}
	if (settings->error == NULL && config->host != NULL &&
		!text_is_utf8(config->host))
		abort();
}

static void read_file(
	struct settings *settings, const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char locator[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(locator, sizeof(locator), "@/proc/self/fd/%d", fd);
	extra_opts_read(settings, locator, clock_mono_us() + MINUTE_US);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t border[2] = { 0, 0 };
	const struct plugin plugin = {
		.name = "fuzz",
		.options = options,
		.config_size = sizeof(struct config),
		.set_defaults = set_defaults,
	};
	const uint8_t *end = memmem(data, size, border, sizeof(border));
	size_t file_size = end != NULL ? (size_t)(end - data) : size;
	struct arena *arena = arena_new(64 * 1024 * 1024);
	char *rest = arena_strndup(
		arena, (const char *)data + file_size, size - file_size);
	char *argv[ARGUMENTS_MAX] = { NULL };
	struct settings settings;
	int argc = 1;

	for (size_t at = 2; at < size - file_size && argc < ARGUMENTS_MAX;
		at += strlen(rest + at) + 1)
		argv[argc++] = rest + at;
	settings_init(&settings, &plugin, arena);
	read_file(&settings, data, file_size);
	settings_read_argv(&settings, argc, argv);
	check_settings(&settings);
	arena_free(arena);
	return 0;
}
