/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The room's own: reading options into a plugin's config. */
#ifndef LIFELINE_CLI_OPTIONS_H
#define LIFELINE_CLI_OPTIONS_H

#include "common/cli/cli.h"

/* What reading options fills. */
struct settings {
	const struct plugin *plugin;
	struct arena *arena;
	void *config;
	bool *is_set;      /* by the index of options_at() */
	const char *error; /* the first usage error, or NULL */
	/* A file open to others sets a secret: what to say of it, or NULL. */
	const char *open_secret;
};

/* Zeroed config with the defaults of cli and plugin, nothing set. */
void settings_init(struct settings *settings, const struct plugin *plugin,
	struct arena *arena);

/* Keeps the first error, formatted. */
void settings_fail(struct settings *settings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Sets one option. shown is how the user named it; value is NULL where none
 * was given. Both must last as long as the arena.
 */
void settings_set(struct settings *settings, const struct option_def *def,
	const char *shown, const char *value);

/* Reads the arguments behind argv[0]; goes on behind an error, so that -h is
 * found wherever it stands. */
void settings_read_argv(struct settings *settings, int argc, char **argv);

/* The rows of the plugin, the shared and the common ones; NULL behind the
 * last. */
const struct option_def *options_at(const struct plugin *plugin, size_t i);

/* By the long name (its first len bytes) and by the letter, or NULL. */
const struct option_def *options_find_name(
	const struct plugin *plugin, const char *name, size_t len);
const struct option_def *options_find_letter(
	const struct plugin *plugin, char letter);

/* Appends what the option takes: "1 to 20", "text, json"; nothing where
 * anything goes. */
void options_add_permitted(struct text *out, const struct option_def *def);

/* Appends milliseconds as a user would write them: "1.5s", "10m". */
void options_add_duration(struct text *out, int64_t ms);

#endif
