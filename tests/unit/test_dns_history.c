/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the DNS plugins keep: what was saved comes back, what is odd does not
 * come back at all, and of a delegation is kept what --remember promises.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/dns/delegation.h"
#include "common/store/dns_history.h"
#include "common/store/remember.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	NOW_S = 1800000000,
	DAY_S = 86400,
	PATH_BYTES = 512,
	FILE_BYTES = 64 * 1024,
};

static const char a_key[] = "check_dns_secondary example.org";
static const char a_digest[] =
	"e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766";

struct fixture {
	struct arena *arena;
	char dir[PATH_BYTES];
	struct store_place place;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/test_dns_history.XXXXXX",
		tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir))
		return -1;
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
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	(void)rmdir(f->dir);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* -- the file ------------------------------------------------------------ */

/* The path of the one file with this ending. */
static const char *path_of(struct fixture *f, const char *ending)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;
	const char *path = NULL;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, ending)) {
			assert_null(path);
			path = arena_printf(
				f->arena, "%s/%s", f->dir, entry->d_name);
		}
	closedir(dir);
	return path;
}

static char *get_file(struct fixture *f)
{
	char *text = arena_alloc(f->arena, FILE_BYTES);
	int fd = open(path_of(f, ".json"), O_RDONLY);

	assert_true(read(fd, text, FILE_BYTES - 1) > 0);
	close(fd);
	return text;
}

static void put_file(struct fixture *f, const char *text)
{
	const char *path = path_of(f, ".json");
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* The first of these, in the file, becomes the other. */
struct change {
	const char *from, *to;
};

static void change_file(
	struct fixture *f, const char *text, const struct change *change)
{
	const char *at = strstr(text, change->from);

	assert_non_null(at);
	put_file(f, arena_printf(f->arena, "%.*s%s%s", (int)(at - text), text,
			    change->to, at + strlen(change->from)));
}

/* Makes room for the next damage. */
static void remove_bad(struct fixture *f)
{
	assert_int_equal(unlink(path_of(f, ".bad")), 0);
}

/* -- the history --------------------------------------------------------- */

static struct dns_history a_history(void)
{
	static struct dns_seen_serial serials[] = {
		{ 4294967295, NOW_S - DAY_S },
		{ 0, NOW_S },
	};
	static struct dns_past_copy copies[] = {
		{ "192.0.2.1", "", 0, NOW_S + DAY_S, true },
		{ "[192.0.2.1]:5300", "a \"b\"", 4294967295, 0, false },
		{ "2001:db8::1", "", 7, NOW_S, false },
		{ "[2001:db8::1]:65535", "x", 7, NOW_S, false },
	};

	return (struct dns_history){ .serials = serials,
		.n_serials = COUNT(serials),
		.primary_was_seen = true,
		.primary_silent_s = NOW_S - 60,
		.copies = copies,
		.n_copies = COUNT(copies) };
}

static void keep_history(struct fixture *f, const struct dns_history *history)
{
	struct history_file file;

	history_open(&file, f->arena, &f->place, a_key);
	history_save(&file, history);
	assert_int_not_equal(file.state.fate, DNS_HISTORY_UNUSABLE);
	history_close(&file);
}

static struct history_file get_history(struct fixture *f)
{
	struct history_file file;

	history_open(&file, f->arena, &f->place, a_key);
	history_close(&file);
	return file;
}

static void a_history_comes_back(void **state)
{
	struct fixture *f = *state;
	struct dns_history saved = a_history();
	struct history_file file = get_history(f);
	const struct dns_history *got = &file.history;
	size_t i;

	assert_int_equal(file.state.fate, DNS_HISTORY_NEW);
	assert_int_equal(got->n_serials + got->n_copies, 0);
	keep_history(f, &saved);
	file = get_history(f);
	assert_int_equal(file.state.fate, DNS_HISTORY_READ);
	assert_non_null(file.state.node);
	assert_int_equal(got->n_serials, saved.n_serials);
	for (i = 0; i < saved.n_serials; i++) {
		assert_int_equal(
			got->serials[i].serial, saved.serials[i].serial);
		assert_int_equal(
			got->serials[i].first_s, saved.serials[i].first_s);
	}
	assert_true(got->primary_was_seen);
	assert_int_equal(got->primary_silent_s, saved.primary_silent_s);
	assert_int_equal(got->n_copies, saved.n_copies);
	for (i = 0; i < saved.n_copies; i++) {
		const struct dns_past_copy *a = &got->copies[i];
		const struct dns_past_copy *b = &saved.copies[i];

		assert_string_equal(a->server, b->server);
		assert_string_equal(a->nsid, b->nsid);
		assert_int_equal(a->serial, b->serial);
		assert_int_equal(a->expires_s, b->expires_s);
		assert_int_equal(a->is_measured, b->is_measured);
	}
}

static void an_unchanged_history_is_not_written(void **state)
{
	struct fixture *f = *state;
	struct dns_history saved = a_history();
	struct history_file file;
	struct stat before, after;

	keep_history(f, &saved);
	assert_int_equal(stat(path_of(f, ".json"), &before), 0);
	f->place.now_s += DAY_S;
	file = get_history(f);
	keep_history(f, &file.history);
	assert_int_equal(stat(path_of(f, ".json"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

/* What is saved can be read, whatever it was. */
static void the_newest_serials_are_kept(void **state)
{
	struct fixture *f = *state;
	struct dns_history saved = a_history();
	struct history_file file;
	size_t i;

	saved.n_serials = DNS_HISTORY_SERIALS_MAX + 3;
	saved.serials =
		arena_array(f->arena, saved.n_serials, sizeof(*saved.serials));
	for (i = 0; i < saved.n_serials; i++)
		saved.serials[i] = (struct dns_seen_serial){ (uint32_t)i, -5 };
	saved.n_copies = DNS_HISTORY_SERVERS_MAX + 1;
	saved.copies =
		arena_array(f->arena, saved.n_copies, sizeof(*saved.copies));
	for (i = 0; i < saved.n_copies; i++)
		saved.copies[i] = (struct dns_past_copy){ .server = "192.0.2.1",
			.expires_s = INT64_MAX };
	keep_history(f, &saved);
	file = get_history(f);
	assert_int_equal(file.state.fate, DNS_HISTORY_READ);
	assert_int_equal(file.history.n_serials, DNS_HISTORY_SERIALS_MAX);
	assert_int_equal(file.history.serials[0].serial, 3);
	assert_int_equal(file.history.serials[0].first_s, 0);
	assert_int_equal(file.history.n_copies, DNS_HISTORY_SERVERS_MAX);
}

static void an_odd_history_is_lost(void **state)
{
	static const struct change odd[] = {
		{ "{\"serials\":", "{\"cereals\":" },
		{ "{\"serials\":", "{\"more\":1,\"serials\":" },
		{ "\"state\":{", "\"state\":null,\"was\":{" },
		{ "\"serial\":0", "\"serial\":-1" },
		{ "\"serial\":0", "\"serial\":4294967296" },
		{ "\"serial\":0", "\"serial\":0.5" },
		{ "\"serial\":0", "\"serial\":\"0\"" },
		{ "{\"serial\":0", "{\"more\":0,\"serial\":0" },
		{ "{\"serial\":0,\"first_s\":1800000000}", "7" },
		{ "\"first_s\":1800000000", "\"first_s\":-1" },
		{ "\"first_s\":1800000000", "\"first_s\":999999999999" },
		{ "\"primary_was_seen\":true", "\"primary_was_seen\":1" },
		{ "\"primary_silent_s\":1", "\"primary_silent_s\":-1" },
		{ "\"primary_silent_s\":1",
			"\"primary_silent_s\":null,\"x\":1" },
		{ "\"copies\":[", "\"copies\":7,\"x\":[" },
		{ "\"192.0.2.1\"", "\"192.0.2.256\"" },
		{ "\"192.0.2.1\"", "\"ns1.example.org\"" },
		{ "\"192.0.2.1\"", "\"\"" },
		{ "\"192.0.2.1\"", "null" },
		{ "\"[192.0.2.1]:5300\"", "\"[192.0.2.1]:53x\"" },
		{ "\"[192.0.2.1]:5300\"", "\"[192.0.2.1]\"" },
		{ "\"[192.0.2.1]:5300\"", "\"[192.0.2.1\"" },
		{ "\"nsid\":\"\"", "\"nsid\":\"a\\nb\"" },
		{ "\"nsid\":\"\"", "\"nsid\":\"\xc3\xa4\"" },
		{ "\"expires_s\":0", "\"expires_s\":true" },
		{ "\"is_measured\":true", "\"is_measured\":null" },
		{ "\"is_measured\":true}", "\"is_measured\":true,\"x\":1}" },
	};
	struct fixture *f = *state;
	struct dns_history saved = a_history();
	const char *text;
	size_t i;

	keep_history(f, &saved);
	text = get_file(f);
	for (i = 0; i < COUNT(odd); i++) {
		struct history_file file;

		change_file(f, text, &odd[i]);
		file = get_history(f);
		assert_int_equal(file.state.fate, DNS_HISTORY_LOST);
		assert_non_null(file.state.why);
		assert_int_equal(file.history.n_serials, 0);
		assert_int_equal(file.history.n_copies, 0);
		assert_false(file.history.primary_was_seen);
		remove_bad(f);
		keep_history(f, &saved);
	}
	/* The change of nothing is none. */
	put_file(f, text);
	assert_int_equal(get_history(f).state.fate, DNS_HISTORY_READ);
}

/* So many entries, each fine by itself. */
static void more_than_the_bounds_is_lost(void **state)
{
	struct fixture *f = *state;
	struct dns_history saved = a_history();
	struct text many;
	struct change change = { "{\"serial\":0,\"first_s\":1800000000}", "" };
	unsigned i;

	saved.n_serials = 0;
	saved.serials = NULL;
	keep_history(f, &saved);
	change.from = "\"serials\":[";
	text_init(&many, FILE_BYTES);
	text_add(&many, change.from);
	for (i = 0; i <= DNS_HISTORY_SERIALS_MAX; i++)
		text_printf(&many, "%s{\"serial\":%u,\"first_s\":1}",
			i == 0 ? "" : ",", i);
	change.to = many.data;
	change_file(f, get_file(f), &change);
	text_release(&many);
	assert_int_equal(get_history(f).state.fate, DNS_HISTORY_LOST);
}

/* -- the delegation ------------------------------------------------------ */

static const char *names[] = { "ns1.example.org", "ns2.example.net" };
static const char *a_glue[] = { "ns1.example.org 192.0.2.1",
	"ns1.example.org 2001:db8::1" };

static void an_odd_delegation_is_lost(void **state)
{
	static const struct change odd[] = {
		{ "\"since_s\"", "\"since\"" },
		{ "\"since_s\":18", "\"since_s\":-18" },
		{ "\"ns\":[", "\"ns\":[\"zz\"," },
		{ "\"ns\":[", "\"ns\":[\"ns1.example.org\"," },
		{ "\"ns\":[", "\"ns\":[\"\"," },
		{ "\"ns\":[", "\"ns\":[\"a b\"," },
		{ "\"ns\":[", "\"ns\":[1," },
		{ "\"ns\":[", "\"ns\":null,\"nt\":[" },
		{ "org 192.0.2.1\"", "org 192.0.2\"" },
		{ "org 192.0.2.1\"", "org192.0.2.1\"" },
		{ "\"ns1.example.org 192.0.2.1\"", "\" 192.0.2.1\"" },
		{ "\"glue_is_whole\":true", "\"glue_is_whole\":0" },
		{ "\"ds\":[", "\"ds\":[\"\"," },
		{ "\"ds\":[", "\"ds\":[\"1 2 3\"," },
		{ "\"ds\":[", "\"ds\":[\"1 13 2 abcd\"," },
		{ "\"ds\":[", "\"ds\":{},\"dt\":[" },
	};
	struct fixture *f = *state;
	const char *ds = arena_printf(f->arena, "20001 13 2 %s", a_digest);
	const struct dns_remembered saved = { .is_known = true,
		.since_s = NOW_S,
		.ns = names,
		.n_ns = COUNT(names),
		.glue = a_glue,
		.n_glue = COUNT(a_glue),
		.glue_is_whole = true,
		.ds = &ds,
		.n_ds = 1,
		.ds_is_known = true };
	const char *text = NULL;
	size_t i;

	for (i = 0; i <= COUNT(odd); i++) {
		struct remembered_file file;

		remembered_open(&file, f->arena, &f->place, "example.org");
		remembered_save(&file, &saved);
		remembered_close(&file);
		text = get_file(f);
		if (i < COUNT(odd))
			change_file(f, text, &odd[i]);
		remembered_open(&file, f->arena, &f->place, "example.org");
		remembered_close(&file);
		assert_int_equal(file.state.fate,
			i < COUNT(odd) ? DNS_HISTORY_LOST : DNS_HISTORY_READ);
		assert_int_equal(file.remembered.is_known, i == COUNT(odd));
		assert_int_equal(file.remembered.n_ns, i < COUNT(odd) ? 0 : 2);
		if (i < COUNT(odd))
			remove_bad(f);
	}
}

/* A parent with two servers; ns1 is inside the zone and has glue. */
struct world {
	struct delegation d;
	struct dns_host hosts[2];
	struct dns_parent_server parents[2];
	struct dns_addr glue[2];
	const char *ns[2], *ds[1];
};

static void make_world(struct world *w, struct fixture *f)
{
	size_t i;

	*w = (struct world){ .ns = { names[0], names[1] } };
	w->ds[0] = arena_printf(f->arena, "20001 13 2 %s", a_digest);
	assert_true(dns_addr_parse("192.0.2.1", &w->glue[0]));
	assert_true(dns_addr_parse("2001:db8::1", &w->glue[1]));
	w->hosts[0] = (struct dns_host){ .name = names[0],
		.in_parent = true,
		.glue = { true, 2, w->glue } };
	w->hosts[1] = (struct dns_host){ .name = names[1],
		.in_parent = true,
		.glue = { .is_known = true } };
	for (i = 0; i < 2; i++)
		w->parents[i] = (struct dns_parent_server){ .ns = { true, 2,
								    w->ns },
			.ds = { true, 1, w->ds },
			.probe = { .reply_size = 200, .has_edns = true } };
	w->d = (struct delegation){ .zone = "example.org",
		.cut = DNS_CUT_DELEGATED,
		.hosts = w->hosts,
		.n_hosts = 2,
		.parents = w->parents,
		.n_parents = 2,
		.parent_ns = { true, 2, w->ns },
		.expect = { .now_s = NOW_S } };
}

/* Remembers a day after the last time; how many findings of drift there
 * are. */
static size_t drifts(struct fixture *f, struct world *w, bool is_accepted)
{
	struct judge judge;
	size_t n = 0;
	size_t i;

	w->d.expect.now_s = f->place.now_s += DAY_S;
	w->d.remembered = (struct dns_remembered){ 0 };
	w->d.memory = (struct dns_history_file){ 0 };
	remember_delegation(f->arena, &f->place, is_accepted, &w->d);
	judge_init(&judge, f->arena, delegation_rules, n_delegation_rules, NULL,
		0);
	judge_all(&judge, &w->d);
	for (i = 0; i < judge.n_findings; i++)
		n += strcmp(judge.findings[i].rule->id, "delegation-drifted") ==
		     0;
	return n;
}

static void the_first_run_keeps_and_a_change_stays(void **state)
{
	struct fixture *f = *state;
	struct world w;

	make_world(&w, f);
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(w.d.memory.fate, DNS_HISTORY_NEW);
	assert_false(w.d.remembered.is_known);
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(w.d.memory.fate, DNS_HISTORY_READ);
	assert_int_equal(w.d.remembered.since_s, NOW_S + DAY_S);
	assert_int_equal(w.d.remembered.n_glue, 2);
	assert_true(w.d.remembered.glue_is_whole);
	w.ns[1] = "ns9.example.net";
	assert_int_equal(drifts(f, &w, false), 1);
	assert_int_equal(drifts(f, &w, false), 1);
	/* Accepted: from this very run on. */
	assert_int_equal(drifts(f, &w, true), 0);
	assert_int_equal(w.d.remembered.since_s, NOW_S + 5 * DAY_S);
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(drifts(f, &w, true), 0);
	assert_int_equal(w.d.remembered.since_s, NOW_S + 5 * DAY_S);
	w.ns[1] = names[1];
	assert_int_equal(drifts(f, &w, false), 1);
}

static void what_is_declared_is_kept(void **state)
{
	struct fixture *f = *state;
	struct world w;

	make_world(&w, f);
	assert_int_equal(drifts(f, &w, false), 0);
	w.ns[0] = w.hosts[0].name = "ns0.example.org";
	w.d.expect.ns = w.d.parent_ns;
	assert_int_equal(drifts(f, &w, false), 0);
	/* From now on the new one's glue counts. */
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(w.d.remembered.since_s, NOW_S + 2 * DAY_S);
	assert_true(dns_addr_parse("192.0.2.66", &w.glue[0]));
	assert_int_equal(drifts(f, &w, false), 1);
	/* What drifted is not taken along with what was declared. */
	w.d.expect.ns.is_known = false;
	assert_true(dns_addr_parse("192.0.2.1", &w.glue[0]));
	assert_int_equal(drifts(f, &w, false), 0);
}

static void what_is_not_told_is_not_forgotten(void **state)
{
	struct fixture *f = *state;
	struct world w;
	size_t i;

	make_world(&w, f);
	for (i = 0; i < 2; i++)
		w.parents[i].ds.is_known = false;
	assert_int_equal(drifts(f, &w, false), 0);
	for (i = 0; i < 2; i++)
		w.parents[i].ds.is_known = true;
	assert_int_equal(drifts(f, &w, false), 0);
	assert_false(w.d.remembered.ds_is_known);
	assert_int_equal(drifts(f, &w, false), 0);
	assert_true(w.d.remembered.ds_is_known);
	/* Only IPv4 had room. */
	for (i = 0; i < 2; i++) {
		w.parents[i].probe.reply_size = 1225;
		w.parents[i].ds.is_known = false;
	}
	w.hosts[0].glue.n = 1;
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(w.d.remembered.n_glue, 2);
	assert_int_equal(drifts(f, &w, true), 0);
	assert_int_equal(w.d.remembered.n_glue, 1);
	assert_int_equal(w.d.remembered.since_s, w.d.expect.now_s);
	make_world(&w, f);
	w.parents[0].ds.n = w.parents[1].ds.n = 0;
	assert_int_equal(drifts(f, &w, false), 1);
	assert_true(w.d.remembered.ds_is_known);
}

static void what_is_given_or_unsettled_is_not_kept(void **state)
{
	const char *other[] = { "ns3.example.org" };
	struct fixture *f = *state;
	struct world w;

	make_world(&w, f);
	w.d.ns_is_given = true;
	assert_int_equal(drifts(f, &w, true), 0);
	w.d.ns_is_given = false;
	w.d.security.ds_is_given = true;
	assert_int_equal(drifts(f, &w, true), 0);
	w.d.security.ds_is_given = false;
	w.d.hosts_cut = true;
	assert_int_equal(drifts(f, &w, true), 0);
	w.d.hosts_cut = false;
	w.d.parent_ns.is_known = false;
	assert_int_equal(drifts(f, &w, true), 0);
	w.d.parent_ns.is_known = true;
	w.parents[1].ns = (struct dns_names){ true, 1, other };
	assert_int_equal(drifts(f, &w, false), 0);
	make_world(&w, f);
	w.parents[1].ds.n = 0;
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(w.d.memory.fate, DNS_HISTORY_NEW);
	/* Who accepts has looked. */
	assert_int_equal(drifts(f, &w, true), 0);
	assert_int_equal(w.d.memory.fate, DNS_HISTORY_NEW);
	assert_true(w.d.remembered.is_known);
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(w.d.memory.fate, DNS_HISTORY_READ);
}

static void no_place_is_told(void **state)
{
	struct fixture *f = *state;
	struct world w;

	make_world(&w, f);
	f->place.dir = arena_printf(f->arena, "%s/not/there", f->dir);
	assert_int_equal(drifts(f, &w, true), 0);
	assert_int_equal(w.d.memory.fate, DNS_HISTORY_UNUSABLE);
	assert_false(w.d.remembered.is_known);
	f->place.is_chosen = false;
	assert_int_equal(drifts(f, &w, false), 0);
	assert_int_equal(w.d.memory.fate, DNS_HISTORY_NO_PLACE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_history_comes_back),
		TEST(an_unchanged_history_is_not_written),
		TEST(the_newest_serials_are_kept),
		TEST(an_odd_history_is_lost),
		TEST(more_than_the_bounds_is_lost),
		TEST(an_odd_delegation_is_lost),
		TEST(the_first_run_keeps_and_a_change_stays),
		TEST(what_is_declared_is_kept),
		TEST(what_is_not_told_is_not_forgotten),
		TEST(what_is_given_or_unsettled_is_not_kept),
		TEST(no_place_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
