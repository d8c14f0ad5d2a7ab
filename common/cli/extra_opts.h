/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The room's own: options from a file, as the Monitoring Plugins have it.
 * --extra-opts=[SECTION][@FILE], SECTION being the plugin's name where it is
 * left out, FILE the first one found on the search path; @- is standard
 * input.
 */
#ifndef LIFELINE_CLI_EXTRA_OPTS_H
#define LIFELINE_CLI_EXTRA_OPTS_H

#include "common/cli/options.h"

/*
 * Sets the options of one locator. until_us, on the clock of
 * clock_mono_us(), is how long a file may keep us waiting.
 */
void extra_opts_read(
	struct settings *settings, const char *locator, int64_t until_us);

#endif
