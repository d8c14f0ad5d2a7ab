/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What common/dnsnet makes of any name and type, for comparison with other
 * validators:
 *
 *     validate ROOT-HINTS ANCHOR-FILE NAME TYPE [NAME TYPE]...
 *
 * prints one line each, "NAME TYPE VERDICT", followed by the reason where
 * there is one.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/core/clock.h"
#include "common/dnsnet/trust.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	DEADLINE_US = 8 * 1000 * 1000,
	QUERY_TIMEOUT_US = 1500 * 1000,
};

struct type {
	const char *name;
	uint16_t number;
};

static const struct type types[] = {
	{ "A", DNS_TYPE_A },
	{ "AAAA", DNS_TYPE_AAAA },
	{ "CNAME", DNS_TYPE_CNAME },
	{ "DNSKEY", DNS_TYPE_DNSKEY },
	{ "DS", DNS_TYPE_DS },
	{ "MX", 15 },
	{ "NS", DNS_TYPE_NS },
	{ "SOA", DNS_TYPE_SOA },
	{ "TXT", 16 },
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "validate: %s %s\n", what, why);
	exit(99);
}

static const struct type *type_of(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	fail(name, "is no type that is known here");
	return NULL;
}

struct wanted {
	const char *name;
	const struct type *type;
};

static void on_answer(void *arg, const struct secure_answer *answer)
{
	const struct wanted *wanted = arg;
	printf("%s %s %s%s%s\n", wanted->name, wanted->type->name,
		dns_security_text(answer->security),
		answer->why != NULL ? " " : "",
		answer->why != NULL ? answer->why : "");
}

/* The cut of the root, with its servers by the hints. */
static void add_root(struct walk *walk)
{
	const struct dns_options *options = walk->options;
	struct cut *root = cut_add(walk, ".", 0);
	root->hosts = arena_array(
		walk->arena, options->n_hints, sizeof(*root->hosts));
	for (size_t i = 0; i < options->n_hints; i++) {
		const struct dns_hint *hint = &options->hints[i];
		root->hosts[root->n_hosts++] = hint->name;
		cut_add_server(walk, root, hint->name, &hint->addr);
	}
}

static void read_files(
	struct arena *arena, char **argv, struct dns_options *options)
{
	struct dns_hint *hints;
	const char *wrong =
		dnsnet_read_hints(arena, argv[1], &hints, &options->n_hints);
	if (wrong != NULL)
		fail(argv[1], wrong);
	options->hints = hints;
	struct dns_anchor *anchors;
	wrong = dnsnet_read_anchors(
		arena, argv[2], &anchors, &options->n_anchors);
	if (wrong != NULL)
		fail(argv[2], wrong);
	options->anchors = anchors;
}

static void look_up(struct walk *walk, int argc, char **argv)
{
	struct wanted *wanted =
		arena_array(walk->arena, (size_t)argc, sizeof(*wanted));
	for (int i = 3; i + 1 < argc; i += 2) {
		const char *wrong =
			dnsnet_read_name(walk->arena, argv[i], &wanted[i].name);
		if (wrong != NULL)
			fail(argv[i], wrong);
		wanted[i].type = type_of(argv[i + 1]);
		secure_lookup(walk, wanted[i].name,
			(enum dns_type)wanted[i].type->number, on_answer,
			&wanted[i]);
	}
	exchanges_run(walk->exchanges);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		fail("needs", "ROOT-HINTS ANCHOR-FILE NAME TYPE ...");
	struct arena *arena = arena_new(ARENA_MAX);
	struct delegation d = { 0 };
	struct dns_options options = { .use_v4 = true,
		.use_v6 = true,
		.tries = 3,
		.query_timeout_us = QUERY_TIMEOUT_US,
		.port = 53,
		.now_s = time(NULL),
		.start_us = clock_mono_us() };
	options.deadline_us = options.start_us + DEADLINE_US;
	read_files(arena, argv, &options);
	options.zone = options.typed = ".";
	struct walk walk = { .arena = arena,
		.options = &options,
		.d = &d,
		.exchanges = exchanges_new(arena, &options),
		.dnssec = dnssec_new(arena, options.now_s),
		.anchors = options.anchors,
		.n_anchors = options.n_anchors };
	if (walk.exchanges == NULL || walk.dnssec == NULL)
		fail("memory", "is exhausted");
	add_root(&walk);
	look_up(&walk, argc, argv);
	exchanges_free(walk.exchanges);
	dnssec_free(walk.dnssec);
	arena_free(arena);
	return 0;
}
