/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_config.h"

#include <inttypes.h>
#include <string.h>

#include "common/core/num.h"
#include "common/tls/ca_bundle.h"

enum {
	MS_PER_S = 1000,
	FORMATS_TEXT_MAX = 600,
	KEY_TEXT_MAX = 64 * 1024,
	ZONE_HOURS_MAX = 14,
	MINUTE_S = 60,
	HOUR_S = 3600,
};

static const char *complain(struct arena *arena, const char *option,
	const char *typed, const char *wrong)
{
	return wrong ? arena_printf(
			       arena, "%s \"%s\": %s", option, typed, wrong)
		     : NULL;
}

/* -- defaults ------------------------------------------------------------- */

static struct page_limits *limits_of(
	struct page_expect *expect, enum page_limit limit)
{
	struct page_limits *const all[PAGE_LIMITS] = {
		[PAGE_LIMIT_CERT] = &expect->cert,
		[PAGE_LIMIT_CACHE] = &expect->cache,
		[PAGE_LIMIT_SILENCE] = &expect->silence,
		[PAGE_LIMIT_FIRST_POST] = &expect->first_post,
		[PAGE_LIMIT_LIMBO] = &expect->limbo,
		[PAGE_LIMIT_STALE] = &expect->stale,
		[PAGE_LIMIT_OVERDUE] = &expect->overdue,
		[PAGE_LIMIT_DRILL] = &expect->drill,
		[PAGE_LIMIT_STABLE] = &expect->stable,
		[PAGE_LIMIT_STATELESS] = &expect->stateless,
	};

	return all[limit];
}

void page_config_defaults(struct page_config *config)
{
	struct page_expect expect = page_expect_defaults();
	unsigned i;

	for (i = 0; i < PAGE_LIMITS; i++) {
		const struct page_limits *limits =
			limits_of(&expect, (enum page_limit)i);

		config->limits[i] = (struct page_config_limits){
			limits->warning_s * MS_PER_S,
			limits->critical_s * MS_PER_S,
		};
	}
	config->untruthful_ms = expect.untruthful_s * MS_PER_S;
	config->forgotten_ms = expect.forgotten_s * MS_PER_S;
	config->clock_ms = expect.clock_s * MS_PER_S;
	config->size_warning = expect.size_warning;
	config->size_critical = expect.size_critical;
	config->max_size = PAGE_SIZE_MAX;
}

/* -- URLs ----------------------------------------------------------------- */

static const char *read_urls(struct arena *arena, const char *option,
	const struct string_list *typed, const struct page_url **out)
{
	struct page_url *urls = arena_array(arena, typed->n, sizeof(*urls));
	size_t i;

	for (i = 0; i < typed->n; i++) {
		const char *wrong =
			page_url_read(arena, typed->at[i], &urls[i]);

		if (wrong)
			return complain(arena, option, typed->at[i], wrong);
	}
	*out = urls;
	return NULL;
}

/* Of the path alone: the host does not count. */
static enum page_format bare_of(struct arena *arena, const struct page_url *url)
{
	const char *host = strstr(url->text, "://");
	const char *path = host ? strchr(host + strlen("://"), '/') : NULL;

	return path ? page_bare_of_path(
			      arena_strndup(arena, path, strcspn(path, "?")))
		    : PAGE_FORMAT_UNKNOWN;
}

static const char *read_page_urls(
	struct arena *arena, struct page_config *config)
{
	struct page_gather_options *gather = &config->gather;
	struct page_url *control = arena_alloc(arena, sizeof(*control));
	const char *wrong = complain(arena, "--url", config->url,
		page_url_read(arena, config->url, &gather->url));

	if (!wrong)
		gather->read.bare = bare_of(arena, &gather->url);
	if (!wrong)
		wrong = read_urls(
			arena, "--also", &config->also, &gather->also);
	if (wrong || !config->control)
		return wrong;
	wrong = page_url_read(arena, config->control, control);
	gather->control = control;
	config->given_control.url = control->text;
	return complain(arena, "--control", config->control, wrong);
}

/* -- probes --------------------------------------------------------------- */

/* Where the URL begins: at once, or behind "COMPONENT=". */
static const char *find_url(const char *typed)
{
	const char *at;

	if (strncmp(typed, "http://", 7) == 0 ||
		strncmp(typed, "https://", 8) == 0)
		return typed;
	for (at = strchr(typed, '='); at; at = strchr(at + 1, '='))
		if (strncmp(at + 1, "http://", 7) == 0 ||
			strncmp(at + 1, "https://", 8) == 0)
			return at + 1;
	return NULL;
}

static const char *read_component(
	struct arena *arena, const char *component, struct page_probe *probe)
{
	if (*component == '\0')
		return NULL;
	probe->component = component;
	return page_selector_parse(arena, component, &probe->selector);
}

/* One that is not remembered is never judged. */
static const char *check_key(const struct page_probe *probe)
{
	return strlen(probe->key) > PAGE_HISTORY_KEY_MAX
		       ? "is too long to be remembered"
		       : NULL;
}

static const char *read_probe(struct arena *arena, const char *typed,
	struct page_probe *probe, struct page_url *url)
{
	const char *at = find_url(typed);
	const char *wrong;

	if (!at)
		return "is neither a URL of http or https nor COMPONENT=URL";
	wrong = page_url_read(arena, at, url);
	if (!wrong && at > typed)
		wrong = read_component(arena,
			arena_strndup(arena, typed, (size_t)(at - typed - 1)),
			probe);
	probe->what = at;
	probe->key = arena_printf(arena, "%s=%s",
		probe->component ? probe->component : "", url->text);
	return wrong ? wrong : check_key(probe);
}

/* By which a command is known again: FNV-1a, 64 bits. What its arguments are
 * stays out of the history, since there may be secrets among them. */
static uint64_t hash_command(const struct string_list *command)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < command->n; i++) {
		const char *at = command->at[i];

		/* The NUL keeps "a b" from "a", "b". */
		do
			hash = (hash ^ (unsigned char)*at) *
			       UINT64_C(1099511628211);
		while (*at++ != '\0');
	}
	return hash;
}

/* "API=" as well as "API". */
static const char *without_equals(struct arena *arena, const char *typed)
{
	size_t len = strlen(typed);

	return len > 0 && typed[len - 1] == '='
		       ? arena_strndup(arena, typed, len - 1)
		       : typed;
}

static const char *read_command(struct arena *arena, struct page_config *config,
	struct page_probe *probe)
{
	const struct string_list *command = &config->common.command;
	const char *typed =
		config->commands.n > 0 ? config->commands.at[0] : "";
	const char **argv = arena_array(arena, command->n + 1, sizeof(*argv));
	const char *slash;
	const char *wrong;

	if (config->commands.n > 1)
		return "--probe-command: permitted once";
	if (command->n == 0)
		return "--probe-command: no command stands behind \"--\"";
	memcpy(argv, command->at, command->n * sizeof(*argv));
	config->gather.command = argv;
	wrong = read_component(arena, without_equals(arena, typed), probe);
	if (wrong)
		return complain(arena, "--probe-command", typed, wrong);
	slash = strrchr(argv[0], '/');
	probe->what = slash ? slash + 1 : argv[0];
	probe->key = arena_printf(arena, "%s=-- %s %016" PRIx64,
		probe->component ? probe->component : "", probe->what,
		hash_command(command));
	return complain(arena, "--probe-command", typed, check_key(probe));
}

static const char *read_probes(struct arena *arena, struct page_config *config)
{
	const struct string_list *typed = &config->probes;
	struct page_url *urls = arena_array(arena, typed->n, sizeof(*urls));
	struct page_probe *probes =
		arena_array(arena, typed->n + 1, sizeof(*probes));
	bool has_command =
		config->commands.n > 0 || config->common.command.n > 0;
	const char *wrong;
	size_t i;

	if (typed->n + has_command > PAGE_PROBES_MAX)
		return arena_printf(
			arena, "--probe: more than %d", PAGE_PROBES_MAX);
	config->given_probes = probes;
	config->gather.probes = urls;
	for (i = 0; i < typed->n; i++) {
		/* What was parsed is given back. */
		config->n_given_probes++;
		wrong = read_probe(arena, typed->at[i], &probes[i], &urls[i]);
		if (wrong)
			return complain(arena, "--probe", typed->at[i], wrong);
	}
	config->gather.n_probes = typed->n;
	if (!has_command)
		return NULL;
	if (config->commands.n == 0)
		return "a command stands behind \"--\" without "
		       "--probe-command";
	config->n_given_probes++;
	return read_command(arena, config, &probes[typed->n]);
}

/* -- what concerns us, and what it is worth ------------------------------- */

static const char *read_selectors(struct arena *arena, const char *option,
	const struct string_list *typed, struct page_selector **out, size_t *n)
{
	struct page_selector *selectors;
	size_t i;

	if (typed->n > PAGE_SELECTORS_MAX)
		return arena_printf(
			arena, "%s: more than %d", option, PAGE_SELECTORS_MAX);
	*out = selectors = arena_array(arena, typed->n, sizeof(*selectors));
	for (i = 0; i < typed->n; i++) {
		const char *wrong =
			page_selector_parse(arena, typed->at[i], &selectors[i]);

		if (wrong)
			return complain(arena, option, typed->at[i], wrong);
		(*n)++;
	}
	return NULL;
}

static const char *read_all_selectors(
	struct arena *arena, struct page_config *config)
{
	struct page_expect *expect = &config->expect;
	const char *wrong =
		read_selectors(arena, "--component", &config->components,
			&expect->components, &expect->n_components);

	if (!wrong)
		wrong = read_selectors(arena, "--group", &config->groups,
			&expect->groups, &expect->n_groups);
	if (!wrong)
		wrong = read_selectors(arena, "--ignore", &config->ignored,
			&expect->ignored, &expect->n_ignored);
	return wrong;
}

static const char *read_maps(struct arena *arena, struct page_config *config)
{
	const struct string_list *typed = &config->maps;
	struct page_expect *expect = &config->expect;
	size_t i;

	if (typed->n > PAGE_MAPS_MAX)
		return arena_printf(
			arena, "--map: more than %d", PAGE_MAPS_MAX);
	expect->maps = arena_array(arena, typed->n, sizeof(*expect->maps));
	for (i = 0; i < typed->n; i++) {
		struct page_map *map = &expect->maps[expect->n_maps];
		const char *equals = strrchr(typed->at[i], '=');

		if (!equals || equals == typed->at[i] ||
			!state_parse(equals + 1, &map->state))
			return complain(arena, "--map", typed->at[i],
				"is not WORD=ok, =warning, =critical or "
				"=unknown");
		map->word = arena_strndup(
			arena, typed->at[i], (size_t)(equals - typed->at[i]));
		expect->n_maps++;
	}
	return NULL;
}

/* -- how the document is read --------------------------------------------- */

const char *page_config_formats(struct arena *arena)
{
	struct text text;
	const char *copy;
	unsigned i;

	text_init(&text, FORMATS_TEXT_MAX);
	for (i = PAGE_FORMAT_UNKNOWN + 1; page_format_word(i); i++) {
		text_add(&text, text.len > 0 ? ", " : "");
		text_add(&text, page_format_word(i));
	}
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}

static const char *read_format(struct arena *arena, struct page_config *config)
{
	enum page_format *format = &config->gather.read.format;

	if (!config->format)
		return NULL;
	*format = page_format_find(config->format);
	if (*format != PAGE_FORMAT_UNKNOWN)
		return NULL;
	return arena_printf(arena, "--format \"%s\": permitted: %s",
		config->format, page_config_formats(arena));
}

static bool read_digits(const char **at, unsigned *out)
{
	const char *s = *at;

	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return false;
	*out = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
	*at = s + 2;
	return true;
}

/* "UTC", "Z", "+02:00", "-0330". */
static bool parse_zone(const char *typed, struct page_zone *zone)
{
	const char *at = typed + 1;
	unsigned hours = 0;
	unsigned minutes = 0;

	zone->is_known = true;
	if (strcmp(typed, "UTC") == 0 || strcmp(typed, "Z") == 0)
		return true;
	if ((*typed != '+' && *typed != '-') || !read_digits(&at, &hours))
		return false;
	at += *at == ':';
	if (!read_digits(&at, &minutes) || *at != '\0' ||
		hours > ZONE_HOURS_MAX || minutes >= MINUTE_S)
		return false;
	zone->east_s = (int32_t)(hours * HOUR_S + minutes * MINUTE_S);
	if (*typed == '-')
		zone->east_s = -zone->east_s;
	return true;
}

static const char *read_zone(struct arena *arena, struct page_config *config)
{
	if (!config->zone ||
		parse_zone(config->zone, &config->gather.read.zone))
		return NULL;
	return complain(arena, "--zone", config->zone,
		"is neither UTC nor an offset like +02:00");
}

static const char *read_some_patterns(struct arena *arena,
	struct page_read_options *read, const struct string_list *typed,
	bool are_rejected)
{
	size_t i;

	for (i = 0; i < typed->n; i++) {
		struct page_pattern *pattern = NULL;
		const char *wrong =
			page_pattern_parse(arena, typed->at[i], &pattern);
		union {
			const struct page_pattern *const *in;
			const struct page_pattern **out;
		} patterns = { .in = read->patterns };
		union {
			const bool *in;
			bool *out;
		} rejects = { .in = read->is_reject };

		if (wrong)
			return complain(arena,
				are_rejected ? "--reject" : "--expect",
				typed->at[i], wrong);
		patterns.out[read->n_patterns] = pattern;
		rejects.out[read->n_patterns++] = are_rejected;
	}
	return NULL;
}

static const char *read_patterns(
	struct arena *arena, struct page_config *config)
{
	struct page_read_options *read = &config->gather.read;
	size_t n = config->expected.n + config->rejected.n;
	const char *wrong;

	read->patterns =
		arena_array(arena, n, sizeof(const struct page_pattern *));
	read->is_reject = arena_array(arena, n, sizeof(bool));
	config->expect.wants_text = n > 0;
	wrong = read_some_patterns(arena, read, &config->expected, false);
	return wrong ? wrong
		     : read_some_patterns(arena, read, &config->rejected, true);
}

/* -- where to ask --------------------------------------------------------- */

static const char *read_addresses(
	struct arena *arena, struct page_config *config)
{
	const struct string_list *typed = &config->addresses;
	struct dns_addr *addrs = arena_array(arena, typed->n, sizeof(*addrs));
	size_t i;

	if (typed->n > PAGE_ADDRESSES_MAX)
		return arena_printf(
			arena, "--address: more than %d", PAGE_ADDRESSES_MAX);
	for (i = 0; i < typed->n; i++)
		if (!dns_addr_parse(typed->at[i], &addrs[i]))
			return complain(arena, "--address", typed->at[i],
				"is no address");
	config->gather.addrs = addrs;
	config->gather.n_addrs = typed->n;
	return NULL;
}

static const char *read_resolvers(
	struct arena *arena, struct page_config *config)
{
	const struct string_list *typed = &config->resolvers;
	struct resolver_options *resolver = &config->gather.resolver;
	size_t i;

	if (typed->n > RESOLVER_SERVERS_MAX)
		return arena_printf(arena, "--resolver: more than %d",
			RESOLVER_SERVERS_MAX);
	for (i = 0; i < typed->n; i++)
		if (!resolver_server_parse(
			    arena, typed->at[i], &resolver->servers[i]))
			return complain(arena, "--resolver", typed->at[i],
				"is neither ADDRESS nor ADDRESS:PORT");
	resolver->n_servers = typed->n;
	return NULL;
}

static const char *read_families(
	struct arena *arena, struct page_config *config)
{
	struct page_gather_options *gather = &config->gather;
	size_t i;

	if (config->only_v4 && config->only_v6)
		return "-4 -6: only one of them can be given";
	gather->use_v4 = gather->resolver.use_v4 = !config->only_v6;
	gather->use_v6 = gather->resolver.use_v6 = !config->only_v4;
	for (i = 0; i < gather->n_addrs; i++)
		if (gather->addrs[i].family == 4 ? config->only_v6
						 : config->only_v4)
			return complain(arena, "--address",
				config->addresses.at[i],
				"is of the family that is switched off");
	if (config->nat64 &&
		(!dns_prefix_parse(config->nat64, &gather->nat64) ||
			gather->nat64.addr.family != 6 ||
			gather->nat64.length < 32 || gather->nat64.length > 96))
		return complain(arena, "--nat64", config->nat64,
			"is not an IPv6 prefix of the length 32 to 96");
	return NULL;
}

static const char *read_reach(struct arena *arena, struct page_config *config)
{
	const char *wrong = read_addresses(arena, config);

	if (!wrong)
		wrong = read_resolvers(arena, config);
	if (!wrong)
		wrong = read_families(arena, config);
	if (!wrong && config->ca_file)
		wrong = complain(arena, "--ca-file", config->ca_file,
			ca_bundle_check(config->ca_file));
	config->gather.ca_file = config->ca_file;
	config->gather.max_size = config->max_size;
	config->gather.follows_sites = config->follows_sites;
	return wrong;
}

/* -- the rest ------------------------------------------------------------- */

static const char *read_modes(struct arena *arena, struct page_config *config)
{
	const char *dir = config->state_dir;

	if (config->is_own && config->is_upstream)
		return "--own --upstream: only one of them can be given";
	if (dir && *dir != '\0' && *dir != '/')
		return complain(
			arena, "--state-dir", dir, "is not an absolute path");
	if (config->drill_component && *config->drill_component == '\0')
		return "--drill \"\": is no component";
	if (config->n_given_probes > 0 && config->is_upstream)
		return "--probe: what production is like is held against a "
		       "page of one's own, not --upstream";
	return NULL;
}

/* "silence": which of two comes first is for the certificate the other way
 * round. */
static const char *check_limits(
	struct arena *arena, const struct page_config *config)
{
	static const char *const names[PAGE_LIMITS] = {
		[PAGE_LIMIT_CERT] = "cert",
		[PAGE_LIMIT_CACHE] = "copy",
		[PAGE_LIMIT_SILENCE] = "silence",
		[PAGE_LIMIT_FIRST_POST] = "first-post",
		[PAGE_LIMIT_LIMBO] = "limbo",
		[PAGE_LIMIT_STALE] = "stale",
		[PAGE_LIMIT_OVERDUE] = "overdue",
		[PAGE_LIMIT_DRILL] = "drill",
		[PAGE_LIMIT_STATELESS] = "unexplained",
	};
	unsigned i;

	for (i = 0; i < PAGE_LIMITS; i++) {
		const struct page_config_limits *typed = &config->limits[i];
		bool is_less = typed->warning_ms < typed->critical_ms;

		if (names[i] && typed->warning_ms != typed->critical_ms &&
			is_less == (i == PAGE_LIMIT_CERT))
			return arena_printf(arena,
				"--%s-warning would come behind "
				"--%s-critical",
				names[i], names[i]);
	}
	return config->size_warning > config->size_critical
		       ? "--size-warning would come behind --size-critical"
		       : NULL;
}

static void take_limits(struct page_config *config)
{
	struct page_expect *expect = &config->expect;
	unsigned i;

	for (i = 0; i < PAGE_LIMITS; i++) {
		const struct page_config_limits *typed = &config->limits[i];

		*limits_of(expect, (enum page_limit)i) = (struct page_limits){
			typed->warning_ms / MS_PER_S,
			typed->critical_ms / MS_PER_S,
		};
	}
	expect->untruthful_s = config->untruthful_ms / MS_PER_S;
	expect->forgotten_s = config->forgotten_ms / MS_PER_S;
	expect->clock_s = config->clock_ms / MS_PER_S;
	expect->size_warning = config->size_warning;
	expect->size_critical = config->size_critical;
	expect->is_upstream = config->is_upstream;
	expect->maintenance = (enum page_maintenance_mode)config->maintenance;
	expect->page_id = config->page_id;
	expect->page_name = config->page_name;
	expect->wants_rendered = config->wants_rendered;
	expect->drill_component = config->drill_component;
}

static void add_list(
	struct text *key, const char *name, const struct string_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		text_printf(key, " %s=", name);
		text_add_clean(key, list->at[i]);
	}
}

/* Whatever makes another history of the same URL: what is asked of it. */
static const char *make_key(
	struct arena *arena, const struct page_config *config)
{
	struct text key;
	const char *copy;
	size_t i;

	text_init(&key, KEY_TEXT_MAX);
	text_add(&key, config->gather.url.text);
	add_list(&key, "component", &config->components);
	add_list(&key, "group", &config->groups);
	add_list(&key, "ignore", &config->ignored);
	for (i = 0; i < config->n_given_probes; i++)
		text_printf(&key, " probe=%s", config->given_probes[i].key);
	copy = arena_strdup(arena, key.data);
	text_release(&key);
	return copy;
}

const char *page_config_check(struct arena *arena, struct page_config *config)
{
	const char *wrong = read_page_urls(arena, config);

	if (!wrong)
		wrong = read_probes(arena, config);
	if (!wrong)
		wrong = read_all_selectors(arena, config);
	if (!wrong)
		wrong = read_maps(arena, config);
	if (!wrong)
		wrong = read_format(arena, config);
	if (!wrong)
		wrong = read_zone(arena, config);
	if (!wrong)
		wrong = read_patterns(arena, config);
	if (!wrong)
		wrong = read_reach(arena, config);
	if (!wrong)
		wrong = read_modes(arena, config);
	if (!wrong)
		wrong = check_limits(arena, config);
	if (wrong)
		return wrong;
	take_limits(config);
	config->history_key = make_key(arena, config);
	return NULL;
}

static void release_selectors(struct page_selector *selectors, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		page_selector_release(&selectors[i]);
}

void page_config_release(struct page_config *config)
{
	struct page_expect *expect = &config->expect;
	const struct page_read_options *read = &config->gather.read;
	size_t i;

	release_selectors(expect->components, expect->n_components);
	release_selectors(expect->groups, expect->n_groups);
	release_selectors(expect->ignored, expect->n_ignored);
	for (i = 0; i < config->n_given_probes; i++)
		page_selector_release(&config->given_probes[i].selector);
	for (i = 0; i < read->n_patterns; i++) {
		union {
			const struct page_pattern *in;
			struct page_pattern *out;
		} pattern = { .in = read->patterns[i] };

		page_pattern_free(pattern.out);
	}
}
