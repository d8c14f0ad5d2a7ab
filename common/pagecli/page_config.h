/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What check_status_page is told: as it is typed, and what that means. */
#ifndef LIFELINE_PAGECLI_PAGE_CONFIG_H
#define LIFELINE_PAGECLI_PAGE_CONFIG_H

#include "common/cli/cli.h"
#include "common/pagecli/page_gather.h"

/* The limits of struct page_expect that are set in pairs. */
enum page_limit {
	PAGE_LIMIT_CERT,
	PAGE_LIMIT_CACHE,
	PAGE_LIMIT_SILENCE,
	PAGE_LIMIT_FIRST_POST,
	PAGE_LIMIT_LIMBO,
	PAGE_LIMIT_STALE,
	PAGE_LIMIT_OVERDUE,
	PAGE_LIMIT_DRILL,
	PAGE_LIMIT_STABLE,
	PAGE_LIMIT_STATELESS,
	PAGE_LIMITS,
};

struct page_config_limits {
	int64_t warning_ms, critical_ms;
};

/* The first part is as the options fill it. */
struct page_config {
	struct cli_config common;
	const char *url;
	bool is_own, is_upstream;
	struct string_list components, groups, ignored, maps;
	int maintenance; /* enum page_maintenance_mode */
	const char *format, *zone, *page_id, *page_name;
	struct string_list expected, rejected;
	struct string_list also, probes, commands;
	const char *control;
	struct string_list addresses, resolvers;
	const char *nat64, *ca_file, *state_dir;
	bool only_v4, only_v6, follows_sites, forgets, prints_facts;
	bool wants_rendered;
	const char *drill_component;
	uint64_t max_size, size_warning, size_critical;
	struct page_config_limits limits[PAGE_LIMITS];
	int64_t untruthful_ms, forgotten_ms, clock_ms;

	/* What page_config_check() makes of them. */
	struct page_gather_options gather;
	struct page_expect expect;
	struct page_control given_control;
	struct page_probe *given_probes;
	size_t n_given_probes;
	const char *history_key;
};

void page_config_defaults(struct page_config *config);

/* As check_config of struct plugin: NULL, or one line. */
const char *page_config_check(struct arena *arena, struct page_config *config);

/* Gives back what the patterns hold; of what was not checked, nothing. */
void page_config_release(struct page_config *config);

/* The words of --format, with ", " between. */
const char *page_config_formats(struct arena *arena);

#endif
