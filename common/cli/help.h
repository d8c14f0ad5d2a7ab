/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The room's own: what is printed from the tables of a plugin. */
#ifndef LIFELINE_CLI_HELP_H
#define LIFELINE_CLI_HELP_H

#include "common/cli/options.h"

/* --help, with the defaults that settings_init() gives. */
void help_print(struct text *out, const struct settings *defaults);
void help_print_version(struct text *out, const struct plugin *plugin);

/*
 * The tables for programs: a row a line, the fields split by one TAB, "-" for
 * an empty field.
 *   rules:   id, default state, "essential", title, reference
 *   metrics: name, unit, some of "headline,less-is-worse,per-server", title
 *   options: letter, name, kind, argument, permitted, "required", help
 */
void help_list_rules(struct text *out, const struct plugin *plugin);
void help_list_metrics(struct text *out, const struct plugin *plugin);
void help_list_options(struct text *out, const struct plugin *plugin);

/* The metric with this name, a plugin's before a common one; or NULL. */
const struct metric_def *metric_find(
	const struct plugin *plugin, const char *name, size_t len);

#endif
