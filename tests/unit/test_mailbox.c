/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mailboxes by IMAP and POP3 at servers that do what a script says: each way
 * to log in, each step refused or cut off, mail that speaks as a server does,
 * and deletion of what is own, by name only.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mailnet/imap.h"
#include "common/mailnet/mailbox.h"
#include "tests/unit/smtp_server.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	MS = 1000,
	STALL_US = 150 * MS, /* nothing comes that has to */
	STEP_US = 1000 * MS,
	LONG_US = 600 * 1000 * MS, /* never reached: see slow_clock.h */
	RUN_US = 1800 * 1000 * MS,
	SEEN_MAX = 2 * MAILBOX_READ_MAX,
};

#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define SCRIPT(...)   ((const char *const[]){ __VA_ARGS__, NULL })

/* "\0user\0secret" */
#define CODED "AHVzZXIAc2VjcmV0"
#define GREET \
	">* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS] hello\r\n"
#define LOGIN                                   \
	"<a1 AUTHENTICATE PLAIN " CODED "\r\n", \
		">a1 OK [CAPABILITY IMAP4rev1 UIDPLUS] in\r\n"
#define TOLD          "* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 100] .\r\n"
#define SELECT        "<a2 SELECT \"INBOX\"\r\n"
#define OPENED        SELECT, ">* 3 EXISTS\r\n" TOLD "a2 OK [READ-WRITE] done\r\n"
#define BEGIN         GREET, LOGIN, OPENED
#define SEARCH        "<a3 UID SEARCH OR HEADER X-Lifeline-Probe \"lp1.mon.\" "
#define FOUND(n)      SEARCH, ">* SEARCH " n "\r\na3 OK done\r\n"
#define FETCH(t, set) "<" t " UID FETCH " set " (UID RFC822.SIZE "
#define MAIL(n, uid, len, text)                                               \
	"* " n " FETCH (UID " uid " RFC822.SIZE 900 INTERNALDATE \""          \
	"22-Nov-2026 02:47:57 +0000\" BODY[HEADER.FIELDS (Subject)]<0> {" len \
	"}\r\n" text ")\r\n"
#define OWN     "X-Lifeline-Probe: lp1.mon.x\r\n\r\n"   /* 31 bytes */
#define FOREIGN "Subject: hi\r\n\r\n"                   /* 15 bytes */
#define REPORT  "Content-Type: delivery-status\r\n\r\n" /* 33 bytes */
/* The newest, where nothing that was found is own. */
#define LOOK(t, uid) \
	"<" t " FETCH 1:3 (UID ", ">" MAIL("1", uid, "15", FOREIGN) t " OK\r\n"
#define LOGOUT(t)   "<" t " LOGOUT\r\n", ">* BYE\r\n" t " OK bye\r\n"
#define STORE(t, s) "<" t " UID STORE " s " +FLAGS.SILENT (\\Deleted)\r\n"

struct seen {
	size_t folder;
	uint32_t uid;
	bool is_whole;
	char header[64];
};

struct world {
	struct arena *arena;
	struct loop *loop;
	struct mailbox_options options;
	struct mailbox_ask ask;
	struct mailbox_folder folders[2];
	struct dns_addr addr;
	struct server server;
	struct mailbox *mailbox;
	const struct mailbox_facts *facts;
	struct seen seen[SEEN_MAX];
	size_t n_seen;
	struct mailbox_id own[SEEN_MAX];
	size_t n_own;
	bool adds_foreign; /* asks to delete what is not own, too */
	unsigned reads, gones;
	struct tls_context *tls;
};

static enum mailbox_verdict on_message(
	void *arg, const struct mailbox_message *message)
{
	struct world *world = arg;
	struct seen *seen = &world->seen[world->n_seen];
	bool is_own = strstr(message->header, "lp1.mon.") != NULL;
	assert_in_range(world->n_seen, 0, SEEN_MAX - 1);
	world->n_seen++;
	seen->folder = message->folder;
	seen->uid = message->uid;
	seen->is_whole = message->whole != NULL;
	(void)snprintf(
		seen->header, sizeof(seen->header), "%s", message->header);
	if (is_own || world->adds_foreign)
		world->own[world->n_own++] =
			(struct mailbox_id){ message->folder, message->uid };
	if (strstr(message->header, "delivery-status") != NULL)
		return MAILBOX_WHOLE;
	return is_own ? MAILBOX_OWN : MAILBOX_FOREIGN;
}

static void on_read(void *arg, const struct mailbox_facts *facts)
{
	struct world *world = arg;
	world->facts = facts;
	world->reads++;
	loop_stop(world->loop);
}

static void on_gone(void *arg, const struct mailbox_facts *facts)
{
	struct world *world = arg;
	assert_ptr_equal(world->facts, facts);
	world->gones++;
	loop_stop(world->loop);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	int64_t now = clock_mono_us();
	if (world == NULL)
		return -1;
	world->arena = arena_new(ARENA_MAX);
	world->loop = loop_new(now + RUN_US);
	world->tls = tls_context_new(server_ca_file());
	world->options = (struct mailbox_options){ .tls = world->tls,
		.start_us = now,
		.connect_us = LONG_US,
		.greeting_us = LONG_US,
		.step_us = LONG_US };
	world->addr = (struct dns_addr){ 4, { 127, 0, 0, 1 } };
	world->folders[0].name = "INBOX";
	world->folders[1].name = "Junk";
	world->ask = (struct mailbox_ask){ .addrs = &world->addr,
		.n_addrs = 1,
		.host = SERVER_NAME,
		.user = "user",
		.secret = "secret",
		.may_bare_secret = true,
		.folders = world->folders,
		.n_folders = 1,
		.instance = "mon" };
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	mailbox_free(world->mailbox);
	tls_context_free(world->tls);
	loop_free(world->loop);
	arena_free(world->arena);
	free(world);
	return 0;
}

/* Reads, and deletes what is own. */
static void visit(struct world *world, server_script script)
{
	const struct mailbox_calls calls = { on_message, on_read, on_gone,
		world };
	const char *why = NULL;
	if (world->ask.is_pop3) {
		world->ask.folders = NULL;
		world->ask.n_folders = 0;
	}
	world->server.first = script;
	server_start(&world->server);
	world->ask.port = world->server.port;
	world->n_seen = world->n_own = 0;
	world->reads = world->gones = 0;
	mailbox_free(world->mailbox);
	world->mailbox = mailbox_new(
		world->arena, world->loop, &world->options, &world->ask, &why);
	assert_null(why);
	assert_non_null(world->mailbox);
	mailbox_start(world->mailbox, &calls);
	assert_int_equal(world->reads, 0);
	while (world->reads == 0)
		if (loop_run(world->loop) != LOOP_STOPPED)
			mailbox_stop(world->mailbox);
	assert_int_equal(world->gones, 0);
	mailbox_finish(world->mailbox, world->own, world->n_own);
	while (world->gones == 0)
		if (loop_run(world->loop) != LOOP_STOPPED)
			mailbox_stop(world->mailbox);
	assert_int_equal(world->reads, 1);
	assert_int_equal(world->gones, 1);
	assert_true(server_went_well(&world->server));
}

static void ended(const struct world *world, enum flow_outcome outcome,
	enum mailbox_step_id last)
{
	assert_int_equal(world->facts->outcome, outcome);
	assert_int_equal(world->facts->last, last);
}

/* -- IMAP: what is well -------------------------------------------------- */

static void reads_and_deletes(void **state)
{
	struct world *world = *state;
	const struct mailbox_folder_facts *folder;
	visit(world, SCRIPT(BEGIN, FOUND("42 41"), FETCH("a4", "41:42"),
			     ">" MAIL("1", "41", "15", FOREIGN) MAIL(
				     "2", "42", "31", OWN) "a4 OK done\r\n",
			     STORE("a5", "42"), ">a5 OK done\r\n",
			     "<a6 UID EXPUNGE 42\r\n",
			     ">* 2 EXPUNGE\r\na6 OK done\r\n", LOGOUT("a7")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	folder = &world->facts->folders[0];
	assert_int_equal(world->n_seen, 2);
	assert_int_equal(world->seen[1].uid, 42);
	assert_string_equal(world->seen[1].header, OWN);
	assert_int_equal(folder->uid_validity, 7);
	assert_int_equal(folder->uid_next, 100);
	assert_int_equal(folder->n_found, 2);
	assert_int_equal(folder->n_deleted, 1);
	assert_int_equal(folder->n_undeleted, 0);
	assert_true(folder->is_all);
	assert_false(folder->is_looked);
	/* 42 is own, and 50 are looked at again. */
	assert_int_equal(folder->settled_uid, 41);
	assert_string_equal(world->facts->mechanism, "PLAIN");
	assert_int_equal(
		world->facts->steps[MAILBOX_STEP_LOGOUT].outcome, FLOW_DONE);
	/* Connection, login, SELECT, SEARCH, FETCH, STORE, EXPUNGE, LOGOUT. */
	assert_int_equal(world->facts->n_round_trips, 8);
}

static void tls_from_the_first_byte(void **state)
{
	struct world *world = *state;
	world->ask.security = MAILBOX_TLS;
	world->ask.may_bare_secret = false;
	visit(world, SCRIPT("T", BEGIN, FOUND("42"), FETCH("a4", "42"),
			     ">" MAIL("1", "42", "31", OWN) "a4 OK done\r\n",
			     STORE("a5", "42"), ">a5 OK done\r\n",
			     "<a6 UID EXPUNGE 42\r\n", ">a6 OK done\r\n",
			     LOGOUT("a7")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->facts->trust, MAILBOX_TRUSTED);
	assert_int_equal(world->facts->tls.n_certs, 2);
	assert_in_range(world->facts->n_round_trips, 1, 12);
	assert_int_equal(world->facts->folders[0].n_deleted, 1);
}

#define PLAIN_GREET ">* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n"
#define TO_TLS      PLAIN_GREET, "<a1 STARTTLS\r\n", ">a1 OK go\r\n", "T"

static void starttls_forgets_what_was_said(void **state)
{
	struct world *world = *state;
	world->ask.security = MAILBOX_STARTTLS;
	visit(world, SCRIPT(TO_TLS, "<a2 CAPABILITY\r\n",
			     ">* CAPABILITY IMAP4rev1\r\na2 OK\r\n",
			     "<a3 LOGIN \"user\" \"secret\"\r\n", ">a3 OK\r\n",
			     "<a4 CAPABILITY\r\n",
			     ">* CAPABILITY IMAP4rev1 UIDPLUS\r\na4 OK\r\n",
			     "<a5 SELECT", ">* 0 EXISTS\r\na5 OK\r\n",
			     LOGOUT("a6")));
	ended(world, FLOW_DONE, MAILBOX_STEP_SELECT);
	assert_string_equal(world->facts->mechanism, "LOGIN");
	assert_true(world->facts->folders[0].is_all);
}

static void only_new_mail_is_looked_at(void **state)
{
	struct world *world = *state;
	world->folders[0].uid_validity = 7;
	world->folders[0].last_uid = 40;
	/* "41:*" is 12 as well where that is the last. */
	visit(world, SCRIPT(BEGIN, "<a3 UID SEARCH UID 41:* OR HEADER",
			     ">* SEARCH 12 55\r\na3 OK\r\n", FETCH("a4", "55"),
			     ">" MAIL("1", "12", "31", OWN)
				     MAIL("2", "55", "15", FOREIGN) "a4 OK\r\n",
			     LOOK("a5", "55"), LOGOUT("a6")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->n_seen, 1);
	assert_int_equal(world->seen[0].uid, 55);
	assert_int_equal(world->facts->folders[0].settled_uid, 49);
	/* Nothing new. */
	world->folders[0].last_uid = 99;
	visit(world, SCRIPT(BEGIN, LOGOUT("a3")));
	assert_true(world->facts->folders[0].is_all);
	assert_int_equal(world->facts->folders[0].settled_uid, 99);
	/* It is another folder. */
	world->folders[0].uid_validity = 6;
	visit(world, SCRIPT(BEGIN, FOUND("5"), FETCH("a4", "5"),
			     ">" MAIL("1", "5", "15", FOREIGN) "a4 OK\r\n",
			     LOOK("a5", "5"), LOGOUT("a6")));
	assert_true(world->facts->folders[0].has_changed);
	assert_int_equal(world->n_seen, 1);
}

/* A search by header fields that finds nothing may not be able to. */
static void the_newest_where_none_is_found(void **state)
{
	struct world *world = *state;
	visit(world,
		SCRIPT(BEGIN, FOUND(""), "<a4 FETCH 1:3 (UID RFC822.SIZE",
			">" MAIL("1", "42", "31", OWN) MAIL("2", "42", "31",
				OWN) MAIL("3", "43", "15", FOREIGN) "a4 OK\r\n",
			STORE("a5", "42"), ">a5 OK\r\n",
			"<a6 UID EXPUNGE 42\r\n", ">a6 OK\r\n", LOGOUT("a7")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->n_seen, 2);
	assert_true(world->facts->folders[0].is_looked);
	assert_true(world->facts->folders[0].is_all);
	/* Turned down, it may be told as all only where that is all. */
	visit(world, SCRIPT(BEGIN, SEARCH, ">a3 BAD no such thing\r\n",
			     "<a4 FETCH 1:3 ",
			     ">" MAIL("1", "42", "15", FOREIGN) "a4 OK\r\n",
			     LOGOUT("a5")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_true(world->facts->folders[0].is_all);
	visit(world, SCRIPT(GREET, LOGIN, SELECT,
			     ">* 4294967295 EXISTS\r\n" TOLD "a2 OK\r\n",
			     SEARCH, ">a3 NO [LIMIT] too many\r\n",
			     "<a4 FETCH 4294967246:4294967295 ", ">a4 OK\r\n",
			     LOGOUT("a5")));
	ended(world, FLOW_TURNED_DOWN, MAILBOX_STEP_FETCH);
	assert_false(world->facts->folders[0].is_all);
	assert_non_null(strstr(world->facts->said, "too many"));
}

static void junk_too(void **state)
{
	struct world *world = *state;
	world->ask.n_folders = 2;
	world->folders[1].name = "J\xc3\xbcnk & \"x";
	visit(world,
		SCRIPT(BEGIN, FOUND("42"), FETCH("a4", "42"),
			">" MAIL("1", "42", "31", OWN) "a4 OK\r\n",
			"<a5 SELECT \"J&APw-nk &- \\\"x\"\r\n",
			">* 1 EXISTS\r\n* OK [UIDVALIDITY 9] .\r\na5 OK\r\n",
			"<a6 UID SEARCH ", ">* SEARCH 3\r\na6 OK\r\n",
			FETCH("a7", "3"),
			">" MAIL("1", "3", "31", OWN) "a7 OK\r\n",
			/* The one that is open first. */
			STORE("a8", "3"), ">a8 OK\r\n", "<a9 UID EXPUNGE 3\r\n",
			">a9 OK\r\n", "<a10 SELECT \"INBOX\"\r\n",
			">* OK [UIDVALIDITY 7] .\r\na10 OK\r\n",
			STORE("a11", "42"), ">a11 OK\r\n",
			"<a12 UID EXPUNGE 42\r\n", ">a12 OK\r\n",
			LOGOUT("a13")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->n_seen, 2);
	assert_int_equal(world->facts->folders[0].n_deleted, 1);
	assert_int_equal(world->facts->folders[1].n_deleted, 1);
}

static void one_folder_that_is_missing(void **state)
{
	struct world *world = *state;
	world->ask.n_folders = 2;
	visit(world, SCRIPT(GREET, LOGIN, SELECT,
			     ">a2 NO [NONEXISTENT] no such folder\r\n",
			     "<a3 SELECT \"Junk\"\r\n",
			     ">* 0 EXISTS\r\na3 OK\r\n", LOGOUT("a4")));
	ended(world, FLOW_DONE, MAILBOX_STEP_SELECT);
	assert_int_equal(
		world->facts->folders[0].read.outcome, FLOW_TURNED_DOWN);
	assert_false(world->facts->folders[0].is_all);
	assert_int_equal(world->facts->folders[1].read.outcome, FLOW_DONE);
}

static void notifications_come_whole(void **state)
{
	struct world *world = *state;
	world->ask.wants_reports = true;
	visit(world,
		SCRIPT(BEGIN,
			"<a3 UID SEARCH OR OR HEADER Content-Type "
			"\"delivery-status\" FROM \"MAILER-DAEMON\" OR HEADER",
			">* SEARCH 5\r\na3 OK\r\n", FETCH("a4", "5"),
			">" MAIL("1", "5", "33", REPORT) "a4 OK\r\n",
			LOOK("a5", "5"),
			"<a6 UID FETCH 5 (UID BODY.PEEK[]<0.65536>)\r\n",
			">* 1 FETCH (UID 5 BODY[]<0> {4}\r\nwhat)\r\n"
			"a6 OK\r\n",
			LOGOUT("a7")));
	assert_int_equal(world->n_seen, 2);
	assert_true(world->seen[1].is_whole);
	assert_string_equal(world->seen[1].header, "what");
	assert_true(world->facts->folders[0].is_all);
}

/* -- IMAP: more than is read at once ------------------------------------- */

/* A script that grows. */
struct lines {
	struct text text;
	const char *at[1000];
	size_t n;
};

static void end_line(struct world *world, struct lines *lines)
{
	assert_in_range(lines->n, 0, COUNT(lines->at) - 2);
	lines->at[lines->n++] = arena_strdup(world->arena, lines->text.data);
	text_clear(&lines->text);
}

static void add_lines(
	struct world *world, struct lines *lines, const char *const *script)
{
	for (; *script != NULL; script++) {
		text_add(&lines->text, *script);
		end_line(world, lines);
	}
}

static void begin_lines(struct world *world, struct lines *lines, unsigned n)
{
	*lines = (struct lines){ .n = 0 };
	text_init(&lines->text, 1024 * 1024);
	add_lines(world, lines, SCRIPT(GREET, LOGIN, SELECT));
	text_printf(&lines->text,
		">* %u EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n"
		"* OK [UIDNEXT %u] .\r\na2 OK\r\n",
		n, n + 1);
	end_line(world, lines);
}

/* One of many, from first to last, and the end of the command. */
static void add_messages(struct world *world, struct lines *lines, unsigned tag,
	const char *header, unsigned first, unsigned last)
{
	text_add(&lines->text, ">");
	for (unsigned i = first; i <= last; i++)
		text_printf(&lines->text,
			"* %u FETCH (UID %u BODY[] {%zu}\r\n%s)\r\n", i, i,
			strlen(header), header);
	text_printf(&lines->text, "a%u OK\r\n", tag);
	end_line(world, lines);
}

static void add_fetch(struct world *world, struct lines *lines, unsigned tag,
	unsigned first, unsigned last)
{
	text_printf(
		&lines->text, "<a%u UID FETCH %u:%u (UID", tag, first, last);
	end_line(world, lines);
}

/* The newest, where nothing that was found is own. */
static void add_look(struct world *world, struct lines *lines, unsigned n)
{
	text_printf(
		&lines->text, "<a5 FETCH %u:%u (UID", n - MAILBOX_LOOK + 1, n);
	end_line(world, lines);
	add_messages(world, lines, 5, FOREIGN, n, n);
}

static void end_lines(struct world *world, struct lines *lines, unsigned tag)
{
	text_printf(&lines->text, "<a%u LOGOUT\r\n", tag);
	end_line(world, lines);
	text_printf(&lines->text, ">a%u OK\r\n", tag);
	end_line(world, lines);
	lines->at[lines->n] = NULL;
	text_release(&lines->text);
	visit(world, lines->at);
}

static void add_found(struct world *world, struct lines *lines, unsigned n)
{
	text_add(&lines->text, ">* SEARCH");
	for (unsigned i = 1; i <= n; i++)
		text_printf(&lines->text, " %u", i);
	text_add(&lines->text, "\r\na3 OK\r\n");
	end_line(world, lines);
}

/* Somebody bounced, or wrote thousands of mails with our name in them: the
 * oldest are never looked at again, and the newest are looked at as well. */
static void what_is_too_much_comes_in_its_turn(void **state)
{
	struct world *world = *state;
	const struct mailbox_folder_facts *folder;
	struct lines lines;
	unsigned tag = 4;
	begin_lines(world, &lines, 9000);
	add_lines(world, &lines, SCRIPT(SEARCH));
	add_found(world, &lines, 9000);
	for (unsigned i = 1; i <= 5000; i += 250, tag++) {
		add_fetch(world, &lines, tag, i, i + 249);
		add_messages(world, &lines, tag, FOREIGN, i, i + 249);
	}
	for (unsigned i = 8001; i <= 9000; i += 250, tag++) {
		add_fetch(world, &lines, tag, i, i + 249);
		add_messages(world, &lines, tag, FOREIGN, i, i + 249);
	}
	end_lines(world, &lines, tag);
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	folder = &world->facts->folders[0];
	assert_int_equal(folder->n_found, 9000);
	assert_int_equal(folder->n_read, MAILBOX_READ_MAX);
	assert_false(folder->is_all);
	assert_int_equal(folder->settled_uid, 5000);
}

static void notifications_come_in_their_turn(void **state)
{
	struct world *world = *state;
	const unsigned n = MAILBOX_WHOLES_MAX + 100;
	struct lines lines;
	unsigned tag = 5;
	begin_lines(world, &lines, n);
	add_lines(world, &lines, SCRIPT(SEARCH));
	add_found(world, &lines, n);
	add_fetch(world, &lines, 4, 1, n);
	add_messages(world, &lines, 4, REPORT, 1, n);
	for (unsigned i = 1; i <= MAILBOX_WHOLES_MAX; i += 10, tag++) {
		add_fetch(world, &lines, tag, i, i + 9);
		add_messages(world, &lines, tag, "what", i, i + 9);
	}
	end_lines(world, &lines, tag);
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->n_seen, n + MAILBOX_WHOLES_MAX);
	assert_true(world->facts->folders[0].is_all);
	assert_int_equal(
		world->facts->folders[0].settled_uid, MAILBOX_WHOLES_MAX);
	/* One that does not come is asked for again. */
	begin_lines(world, &lines, n);
	add_lines(world, &lines, SCRIPT(FOUND("3 4"), FETCH("a4", "3:4")));
	add_messages(world, &lines, 4, REPORT, 3, 4);
	add_look(world, &lines, n);
	add_fetch(world, &lines, 6, 3, 4);
	add_messages(world, &lines, 6, "what", 4, 4);
	end_lines(world, &lines, 7);
	assert_int_equal(world->facts->folders[0].settled_uid, 2);
}

/* A slow server: what was read counts, and the rest comes in later runs. */
static void what_takes_too_long_is_for_another_run(void **state)
{
	struct world *world = *state;
	struct lines lines;
	world->options.read_until_us = 1;
	begin_lines(world, &lines, 600);
	add_lines(world, &lines, SCRIPT(SEARCH));
	add_found(world, &lines, 600);
	add_fetch(world, &lines, 4, 1, 250);
	add_messages(world, &lines, 4, FOREIGN, 1, 250);
	end_lines(world, &lines, 5);
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->facts->folders[0].n_read, 250);
	assert_false(world->facts->folders[0].is_all);
	assert_int_equal(world->facts->folders[0].settled_uid, 250);
	/* Of notifications, too. */
	begin_lines(world, &lines, 120);
	add_lines(world, &lines, SCRIPT(SEARCH));
	add_found(world, &lines, 20);
	add_fetch(world, &lines, 4, 1, 20);
	add_messages(world, &lines, 4, REPORT, 1, 20);
	add_fetch(world, &lines, 5, 1, 10);
	add_messages(world, &lines, 5, "what", 1, 10);
	end_lines(world, &lines, 6);
	assert_true(world->facts->folders[0].is_all);
	assert_int_equal(world->facts->folders[0].settled_uid, 10);
}

/* -- IMAP: who may say what ---------------------------------------------- */

static void forged_lines_in_mail(void **state)
{
	struct world *world = *state;
	visit(world,
		SCRIPT(BEGIN, FOUND("42"), FETCH("a4", "42"),
			">* 1 FETCH (UID 42 BODY[HEADER.FIELDS (Subject)]<0> "
			"{56}\r\nSubject: x\r\na4 OK forged\r\n"
			"* SEARCH 666\r\n* BYE\r\n\r\n{9}\r\n\r\n)\r\n"
			"* 2 FETCH (UID 666 BODY[HEADER.FIELDS (Subject)] "
			"{31}\r\n" OWN ")\r\na4 OK done\r\n",
			LOOK("a5", "42"), LOGOUT("a6")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->n_seen, 1);
	assert_int_equal(world->seen[0].uid, 42);
	assert_int_equal(world->n_own, 0);
}

static void untagged_lines_first(void **state)
{
	struct world *world = *state;
	visit(world,
		SCRIPT(GREET, "<a1 AUTHENTICATE",
			">* OK still here {5}\r\n* 4 RECENT\r\n"
			"* CAPABILITY IMAP4rev1 UIDPLUS\r\na1 OK in\r\n",
			OPENED, SEARCH,
			">* 4 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n"
			"* SEARCH 42\r\n* SEARCH\r\na3 OK\r\n",
			FETCH("a4", "42"),
			">* 1 FETCH (FLAGS (\\Seen) UID 42)\r\n" MAIL(
				"1", "42", "31", OWN) "* 5 EXISTS\r\na4 OK\r\n",
			STORE("a5", "42"), ">a5 OK\r\n",
			"<a6 UID EXPUNGE 42\r\n", ">a6 OK\r\n", LOGOUT("a7")));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->n_own, 1);
	assert_int_equal(world->facts->folders[0].n_deleted, 1);
}

/* Nobody deletes what he did not call his own. */
static void foreign_mail_stays(void **state)
{
	struct world *world = *state;
	world->adds_foreign = true;
	visit(world, SCRIPT(BEGIN, FOUND("42"), FETCH("a4", "42"),
			     ">" MAIL("1", "42", "15", FOREIGN) "a4 OK\r\n",
			     LOOK("a5", "42"), LOGOUT("a6")));
	assert_int_equal(world->n_own, 1);
	assert_int_equal(world->facts->folders[0].n_deleted, 0);
}

#define ONE_OWN \
	FETCH("a4", "42"), ">" MAIL("1", "42", "31", OWN) "a4 OK done\r\n"

static void without_uidplus_marked_only(void **state)
{
	struct world *world = *state;
	const struct mailbox_folder_facts *folder;
	visit(world,
		SCRIPT(">* OK [CAPABILITY IMAP4rev1] hello\r\n", "<a1 LOGIN",
			">a1 OK [CAPABILITY IMAP4rev1] .\r\n", OPENED,
			"<a3 UID SEARCH UNDELETED OR HEADER",
			">* SEARCH 42\r\na3 OK\r\n", ONE_OWN, STORE("a5", "42"),
			">a5 OK done\r\n", LOGOUT("a6")));
	folder = &world->facts->folders[0];
	assert_int_equal(folder->n_deleted, 0);
	assert_int_equal(folder->n_undeleted, 1);
	assert_non_null(folder->why_undeleted);
	/* Those are not found again, nor by looking. */
	visit(world, SCRIPT(">* OK [CAPABILITY IMAP4rev1] hello\r\n",
			     "<a1 LOGIN", ">a1 OK [CAPABILITY IMAP4rev1] .\r\n",
			     OPENED, "<a3 UID SEARCH UNDELETED OR HEADER",
			     ">* SEARCH\r\na3 OK\r\n", "<a4 FETCH 1:3",
			     ">* 1 FETCH (FLAGS (\\Deleted) UID 42 "
			     "BODY[HEADER] {31}\r\n" OWN ")\r\na4 OK\r\n",
			     LOGOUT("a5")));
	assert_int_equal(world->n_seen, 0);
}

static void what_cannot_be_deleted(void **state)
{
	struct world *world = *state;
	const struct mailbox_folder_facts *folder;
	static const char *const refused[] = { BEGIN, FOUND("42"), ONE_OWN,
		STORE("a5", "42"), ">a5 NO [NOPERM] no right\r\n", LOGOUT("a6"),
		NULL };
	static const char *const expunge[] = { BEGIN, FOUND("42"), ONE_OWN,
		STORE("a5", "42"), ">a5 OK\r\n", "<a6 UID EXPUNGE 42\r\n",
		">a6 NO no\r\n", LOGOUT("a7"), NULL };
	static const char *const read_only[] = { GREET, LOGIN, SELECT,
		">* 3 EXISTS\r\na2 OK [READ-ONLY] done\r\n", FOUND("42"),
		ONE_OWN, LOGOUT("a5"), NULL };
	static const char *const dropped[] = { BEGIN, FOUND("42"), ONE_OWN,
		STORE("a5", "42"), NULL };
	static const char *const gone[] = { BEGIN, FOUND("42"), ONE_OWN, NULL };
	static const server_script all[] = { refused, expunge, read_only,
		dropped, gone };
	for (size_t i = 0; i < COUNT(all); i++) {
		visit(world, all[i]);
		folder = &world->facts->folders[0];
		/* Reading it went well. */
		ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
		assert_int_equal(folder->n_deleted, 0);
		assert_int_equal(folder->n_undeleted, 1);
		assert_non_null(folder->why_undeleted);
	}
}

static void another_folder_when_it_is_to_be_deleted(void **state)
{
	struct world *world = *state;
	world->ask.n_folders = 2;
	visit(world,
		SCRIPT(BEGIN, FOUND("42"), ONE_OWN, "<a5 SELECT \"Junk\"\r\n",
			">* 0 EXISTS\r\na5 OK\r\n", "<a6 SELECT \"INBOX\"\r\n",
			">* OK [UIDVALIDITY 8] .\r\na6 OK\r\n", LOGOUT("a7")));
	assert_int_equal(world->facts->folders[0].n_undeleted, 1);
	assert_int_equal(world->facts->folders[0].n_deleted, 0);
}

static void only_reading(void **state)
{
	struct world *world = *state;
	world->ask.only_reads = true;
	visit(world, SCRIPT(GREET, LOGIN, "<a2 EXAMINE \"INBOX\"\r\n",
			     ">* 3 EXISTS\r\na2 OK [READ-ONLY] done\r\n",
			     FOUND("42"), ONE_OWN, LOGOUT("a5")));
	assert_int_equal(world->n_own, 1);
	assert_int_equal(world->facts->folders[0].n_undeleted, 1);
}

/* -- IMAP: what fails ---------------------------------------------------- */

struct failure {
	server_script script;
	enum flow_outcome outcome;
	enum mailbox_step_id last;
};

#define FAILS(outcome, last, ...)                                 \
	{                                                         \
		SCRIPT(__VA_ARGS__), outcome, MAILBOX_STEP_##last \
	}

static void each_step_may_fail(void **state)
{
	struct world *world = *state;
	const struct failure failures[] = {
		FAILS(FLOW_TURNED_DOWN, GREETING, ">* BYE overloaded\r\n"),
		FAILS(FLOW_BROKEN, GREETING, ">220 mx ESMTP\r\n"),
		FAILS(FLOW_BROKEN, GREETING, ">a1 OK hello\r\n"),
		FAILS(FLOW_BROKEN, GREETING, "> OK hello\r\n"),
		FAILS(FLOW_BROKEN, GREETING, ">+ go on\r\n"),
		FAILS(FLOW_BROKEN, GREETING, ">* OK hal"),
		FAILS(FLOW_BROKEN, GREETING, "0"),
		FAILS(FLOW_BROKEN, CAPABILITY, ">* OK hello\r\n",
			"<a1 CAPABILITY\r\n", ">a1 OK\r\n"),
		FAILS(FLOW_TURNED_DOWN, CAPABILITY, ">* OK hello\r\n",
			"<a1 CAPABILITY\r\n", ">a1 BAD what\r\n"),
		FAILS(FLOW_LOGIN_FAILED, LOGIN, GREET, "<a1 ",
			">a1 NO [AUTHENTICATIONFAILED] wrong\r\n"),
		FAILS(FLOW_TURNED_DOWN, LOGIN, GREET, "<a1 ",
			">a1 NO [UNAVAILABLE] later\r\n"),
		FAILS(FLOW_TURNED_DOWN, LOGIN, GREET, "<a1 ",
			">* BYE too many connections\r\n"),
		FAILS(FLOW_LOGIN_FAILED, LOGIN,
			">* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] .\r\n"),
		FAILS(FLOW_BROKEN, LOGIN, GREET, "<a1 ", ">a2 OK\r\n"),
		FAILS(FLOW_BROKEN, LOGIN, GREET, "<a1 ", ">a1 WHAT\r\n"),
		FAILS(FLOW_BROKEN, LOGIN, GREET, "<a1 "),
		FAILS(FLOW_TURNED_DOWN, SELECT, GREET, LOGIN, SELECT,
			">a2 NO no such folder\r\n", LOGOUT("a3")),
		FAILS(FLOW_TURNED_DOWN, SELECT, GREET, LOGIN, SELECT,
			">* BYE\r\n"),
		FAILS(FLOW_BROKEN, SEARCH, BEGIN, SEARCH, ">a3 OK\r\n"),
		FAILS(FLOW_BROKEN, SEARCH, BEGIN, SEARCH, ">+ more\r\n"),
		FAILS(FLOW_BROKEN, SEARCH, BEGIN, SEARCH, ">* SEARCH 42"),
		FAILS(FLOW_BROKEN, FETCH, BEGIN, FOUND("42"), FETCH("a4", "42"),
			">* 1 FETCH (UID 42 BODY[HEADER.FIELDS (A)] {600000}"
			"\r\n"),
		FAILS(FLOW_BROKEN, FETCH, BEGIN, FOUND("42"), FETCH("a4", "42"),
			">* 1 FETCH (UID 42 BODY[HEADER.FIELDS (A)] {5}"
			"\r\nab"),
		FAILS(FLOW_BROKEN, FETCH, BEGIN, FOUND("42"), FETCH("a4", "42"),
			">* 1 FETCH (UID 42 oops\r\n"),
		FAILS(FLOW_TURNED_DOWN, FETCH, BEGIN, FOUND("42"),
			FETCH("a4", "42"), ">a4 NO no\r\n", LOGOUT("a5")),
	};
	for (size_t i = 0; i < COUNT(failures); i++) {
		visit(world, failures[i].script);
		if (world->facts->outcome != failures[i].outcome ||
			world->facts->last != failures[i].last)
			print_message("# %zu: %d %d\n", i,
				(int)world->facts->outcome,
				(int)world->facts->last);
		ended(world, failures[i].outcome, failures[i].last);
		assert_false(world->facts->folders[0].is_all);
		assert_int_equal(world->n_seen, 0);
	}
}

/* What came before it was asked for is no answer. */
static void answers_in_advance(void **state)
{
	struct world *world = *state;
	visit(world,
		SCRIPT(GREET, LOGIN, SELECT,
			">* 3 EXISTS\r\n" TOLD "a2 OK\r\n* SEARCH\r\na3 OK\r\n",
			"B"));
	ended(world, FLOW_BROKEN, MAILBOX_STEP_SEARCH);
}

/* Who does not greet may have a neighbour that does, and starts anew. */
static void the_next_address(void **state)
{
	struct world *world = *state;
	const struct dns_addr both[] = { world->addr, world->addr };
	static const struct {
		const char *greeting;
		bool is_pop3;
	} odd[] = { { ">* OK and then no", false },
		{ ">220 mx ESMTP\r\n", false }, { "0", false },
		{ ">+OK and then no", true }, { "0", true } };
	world->ask.addrs = both;
	world->ask.n_addrs = 2;
	for (size_t i = 0; i < COUNT(odd); i++) {
		world->ask.is_pop3 = odd[i].is_pop3;
		world->server.second =
			odd[i].is_pop3
				? SCRIPT(">+OK\r\n", "<CAPA\r\n", ">-ERR\r\n",
					  "<USER user\r\n", ">-ERR [AUTH]\r\n")
				: SCRIPT(GREET, "<a1 ", ">a1 NO no\r\n");
		visit(world, SCRIPT(odd[i].greeting));
		ended(world, FLOW_LOGIN_FAILED, MAILBOX_STEP_LOGIN);
	}
}

static void silence(void **state)
{
	struct world *world = *state;
	world->options.greeting_us = STALL_US;
	visit(world, SCRIPT("B"));
	ended(world, FLOW_TIMED_OUT, MAILBOX_STEP_GREETING);
	world->options.greeting_us = LONG_US;
	world->options.step_us = STEP_US;
	visit(world, SCRIPT(BEGIN, SEARCH, ">* SEARCH 42\r\n", "B"));
	ended(world, FLOW_TIMED_OUT, MAILBOX_STEP_SEARCH);
	visit(world,
		SCRIPT(GREET, "D* OK dripping on and on and on and on and on "
			      "and on and on and on and on and on and on\r\n"));
	ended(world, FLOW_TIMED_OUT, MAILBOX_STEP_LOGIN);
	visit(world, NULL);
	ended(world, FLOW_UNREACHABLE, MAILBOX_STEP_CONNECT);
}

/* -- login --------------------------------------------------------------- */

static void the_secret_is_not_told(void **state)
{
	struct world *world = *state;
	world->ask.secret = "a\"b\\c";
	visit(world, SCRIPT(">* OK [CAPABILITY IMAP4rev1] .\r\n",
			     "<a1 LOGIN \"user\" \"a\\\"b\\\\c\"\r\n",
			     ">a1 BAD what is \"a\\\"b\\\\c\"\r\n"));
	ended(world, FLOW_LOGIN_FAILED, MAILBOX_STEP_LOGIN);
	assert_null(strstr(world->facts->said, "b\\"));
	world->ask.secret = "secret";
	visit(world, SCRIPT(GREET, "<a1 AUTHENTICATE PLAIN " CODED "\r\n",
			     ">a1 BAD AUTHENTICATE PLAIN " CODED "\r\n"));
	assert_null(strstr(world->facts->said, "AHVz"));
	assert_null(
		strstr(world->facts->steps[MAILBOX_STEP_LOGIN].said, "AHVz"));
	visit(world, SCRIPT(GREET, "<a1 AUTHENTICATE PLAIN " CODED "\r\n",
			     ">a1 NO not c2VjcmV0\r\n"));
	assert_null(strstr(world->facts->said, "c2VjcmV0"));
}

static void a_secret_as_a_literal(void **state)
{
	struct world *world = *state;
	world->ask.secret = "s\xc3\xa4";
	visit(world, SCRIPT(">* OK [CAPABILITY IMAP4rev1] .\r\n",
			     "<a1 LOGIN \"user\" {3}\r\n", ">+ go\r\n",
			     "<s\xc3\xa4\r\n", ">a1 NO no\r\n"));
	ended(world, FLOW_LOGIN_FAILED, MAILBOX_STEP_LOGIN);
}

static void plain_by_continuation(void **state)
{
	struct world *world = *state;
	visit(world,
		SCRIPT(">* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] .\r\n",
			"<a1 AUTHENTICATE PLAIN\r\n", ">+ \r\n",
			"<" CODED "\r\n", ">a1 OK [CAPABILITY IMAP4rev1] .\r\n",
			"<a2 SELECT", ">* 0 EXISTS\r\na2 OK\r\n",
			LOGOUT("a3")));
	ended(world, FLOW_DONE, MAILBOX_STEP_SELECT);
}

/* {"status":"400"} */
#define CHALLENGE "eyJzdGF0dXMiOiI0MDAifQ=="

static void tokens(void **state)
{
	struct world *world = *state;
	world->ask.auth = MAILBOX_BEARER;
	visit(world, SCRIPT(">* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] "
			    ".\r\n",
			     /* user=user^Aauth=Bearer secret^A^A */
			     "<a1 AUTHENTICATE XOAUTH2 "
			     "dXNlcj11c2VyAWF1dGg9QmVhcmVyIHNlY3JldAEB\r\n",
			     ">+ " CHALLENGE "\r\n", "<\r\n",
			     ">a1 NO wrong token\r\n"));
	ended(world, FLOW_LOGIN_FAILED, MAILBOX_STEP_LOGIN);
	assert_string_equal(world->facts->challenge, "{\"status\":\"400\"}");
	visit(world, SCRIPT(">* OK [CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER "
			    "AUTH=XOAUTH2] .\r\n",
			     "<a1 AUTHENTICATE OAUTHBEARER\r\n", ">+ \r\n",
			     "<bixhPXVzZXIsAW", ">+ " CHALLENGE "\r\n",
			     "<AQ==\r\n", ">a1 NO wrong token\r\n"));
	ended(world, FLOW_LOGIN_FAILED, MAILBOX_STEP_LOGIN);
	assert_string_equal(world->facts->mechanism, "OAUTHBEARER");
	assert_string_equal(world->facts->challenge, "{\"status\":\"400\"}");
	visit(world, SCRIPT(GREET));
	ended(world, FLOW_LOGIN_FAILED, MAILBOX_STEP_LOGIN);
}

/* -- TLS ----------------------------------------------------------------- */

static void certificates(void **state)
{
	static const enum server_cert bad[] = { CERT_EXPIRED, CERT_OTHER_NAME,
		CERT_SELF_SIGNED, CERT_OTHER_CA };
	struct world *world = *state;
	world->ask.security = MAILBOX_TLS;
	for (size_t i = 0; i < COUNT(bad); i++) {
		world->server.cert = bad[i];
		visit(world, SCRIPT("T"));
		ended(world, FLOW_TLS_FAILED, MAILBOX_STEP_TLS);
		assert_int_equal(world->facts->trust, MAILBOX_UNTRUSTED);
		assert_int_not_equal(world->facts->tls.certs[0].end_s, 0);
	}
	world->ask.takes_any_certificate = true;
	visit(world, SCRIPT("T", GREET, "<a1 ", ">a1 NO no\r\n"));
	ended(world, FLOW_LOGIN_FAILED, MAILBOX_STEP_LOGIN);
	assert_int_equal(world->facts->trust, MAILBOX_UNTRUSTED);
}

static void tls_that_is_kept_away(void **state)
{
	struct world *world = *state;
	const struct failure failures[] = {
		FAILS(FLOW_TLS_FAILED, STARTTLS, GREET),
		FAILS(FLOW_TLS_FAILED, STARTTLS,
			">* PREAUTH [CAPABILITY IMAP4rev1] in\r\n"),
		FAILS(FLOW_TLS_FAILED, STARTTLS, PLAIN_GREET,
			"<a1 STARTTLS\r\n", ">a1 NO not now\r\n"),
		FAILS(FLOW_TLS_FAILED, TLS, PLAIN_GREET, "<a1 STARTTLS\r\n",
			">a1 OK\r\n* CAPABILITY IMAP4rev1\r\n"),
		FAILS(FLOW_TLS_FAILED, TLS, PLAIN_GREET, "<a1 STARTTLS\r\n",
			">a1 OK\r\n", "C* OK plain\r\n"),
	};
	world->ask.security = MAILBOX_STARTTLS;
	for (size_t i = 0; i < COUNT(failures); i++) {
		visit(world, failures[i].script);
		ended(world, failures[i].outcome, failures[i].last);
		if (failures[i].last == MAILBOX_STEP_TLS)
			assert_non_null(
				strstr(world->facts->said, "plain text"));
	}
	world->ask.is_pop3 = true;
	visit(world,
		SCRIPT(">+OK hi\r\n", "<CAPA\r\n", ">+OK\r\nTOP\r\n.\r\n"));
	ended(world, FLOW_TLS_FAILED, MAILBOX_STEP_STARTTLS);
	visit(world, SCRIPT(">+OK hi\r\n", "<CAPA\r\n", ">-ERR what\r\n",
			     "<STLS\r\n", ">+OK\r\n+OK in\r\n"));
	ended(world, FLOW_TLS_FAILED, MAILBOX_STEP_TLS);
	assert_non_null(strstr(world->facts->said, "plain text"));
}

/* -- POP3 ---------------------------------------------------------------- */

#define POP3_GREET ">+OK ready\r\n"
#define CAPA       "<CAPA\r\n", ">+OK\r\nPIPELINING\r\nSASL PLAIN\r\nTOP\r\n.\r\n"
#define POP3_LOGIN POP3_GREET, CAPA, "<AUTH PLAIN " CODED "\r\n", ">+OK in\r\n"
#define QUIT       "<QUIT\r\n", ">+OK bye\r\n"
#define THREE      "<UIDL\r\n", ">+OK\r\n1 one\r\n2 two\r\n3 three\r\n.\r\n"

static void pop3_reads_and_deletes(void **state)
{
	struct world *world = *state;
	uint64_t seen[] = { mailbox_uidl_print("one") };
	const struct mailbox_folder_facts *folder;
	world->ask.is_pop3 = true;
	world->ask.seen = seen;
	world->ask.n_seen = 1;
	visit(world, SCRIPT(POP3_LOGIN, THREE, "<TOP 2 0\r\n", "<TOP 3 0\r\n",
			     ">+OK\r\nX-Other: no\r\n folded\r\nSubject: a\r\n"
			     "\tb\r\n..dot: x\r\n\r\nlp1.mon.\r\n.\r\n"
			     "+OK\r\nSUBJECT: x lp1.mon.y\r\n\r\n.\r\n",
			     "<DELE 3\r\n", ">+OK gone\r\n", QUIT));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	folder = &world->facts->folders[0];
	assert_int_equal(world->n_seen, 2);
	assert_string_equal(world->seen[0].header, "Subject: a\r\n\tb\r\n");
	assert_int_equal(world->seen[1].uid, 3);
	assert_int_equal(folder->n_deleted, 1);
	assert_true(folder->is_all);
	/* What is own is not remembered as seen. */
	assert_int_equal(world->facts->n_seen, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(
			world->facts->seen[i] != mailbox_uidl_print("three"));
}

static void pop3_first_run(void **state)
{
	struct world *world = *state;
	world->ask.is_pop3 = true;
	world->ask.is_first = true;
	world->ask.scan = 2;
	visit(world, SCRIPT(">+OK\r\n", "<CAPA\r\n", ">-ERR what\r\n",
			     "<USER user\r\n", ">+OK\r\n", "<PASS secret\r\n",
			     ">+OK\r\n", THREE, "<TOP 2 0\r\n",
			     ">-ERR it is gone\r\n", "<TOP 3 0\r\n",
			     ">+OK\r\n\r\n.\r\n", QUIT));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_int_equal(world->facts->folders[0].n_left_out, 1);
	assert_int_equal(world->facts->folders[0].n_read, 1);
	assert_false(world->facts->folders[0].is_all);
	assert_int_equal(world->facts->n_seen, 2);
}

static void pop3_notifications(void **state)
{
	struct world *world = *state;
	world->ask.is_pop3 = true;
	visit(world, SCRIPT(POP3_LOGIN, "<UIDL\r\n", ">+OK\r\n9 x\r\n.\r\n",
			     "<TOP 9 0\r\n", ">+OK\r\n" REPORT ".\r\n",
			     "<TOP 9 1000\r\n",
			     ">+OK\r\nA: b\r\n\r\n..\r\nbody\r\n.\r\n", QUIT));
	assert_int_equal(world->n_seen, 2);
	assert_true(world->seen[1].is_whole);
	assert_string_equal(world->seen[1].header, "A: b\r\n\r\n.\r\nbody\r\n");
}

#define SLOW_LOGIN                                                   \
	">+OK\r\n", "<CAPA\r\n", ">-ERR what\r\n", "<USER user\r\n", \
		">+OK\r\n", "<PASS secret\r\n", ">+OK\r\n"

static void pop3_too_long_is_for_another_run(void **state)
{
	struct world *world = *state;
	world->ask.is_pop3 = true;
	world->options.read_until_us = 1;
	visit(world, SCRIPT(SLOW_LOGIN, THREE, "<TOP 1 0\r\n",
			     ">+OK\r\n" OWN ".\r\n", "<DELE 1\r\n", ">+OK\r\n",
			     QUIT));
	ended(world, FLOW_DONE, MAILBOX_STEP_FETCH);
	assert_false(world->facts->folders[0].is_all);
	assert_int_equal(world->facts->folders[0].n_deleted, 1);
	assert_int_equal(world->facts->n_seen, 0);
	visit(world, SCRIPT(SLOW_LOGIN, THREE, "<TOP 1 0\r\n",
			     ">+OK\r\n" FOREIGN ".\r\n", QUIT));
	assert_int_equal(world->facts->n_seen, 1);
}

static void pop3_notifications_come_in_their_turn(void **state)
{
	struct world *world = *state;
	const unsigned n = MAILBOX_WHOLES_MAX + 1;
	struct lines lines = { .n = 0 };
	world->ask.is_pop3 = true;
	text_init(&lines.text, 64 * 1024);
	add_lines(world, &lines, SCRIPT(POP3_LOGIN, "<UIDL\r\n"));
	text_add(&lines.text, ">+OK\r\n");
	for (unsigned i = 1; i <= n; i++)
		text_printf(&lines.text, "%u x%u\r\n", i, i);
	text_add(&lines.text, ".\r\n");
	end_line(world, &lines);
	for (unsigned i = 1; i <= n; i++) {
		text_printf(&lines.text, "<TOP %u 0\r\n", i);
		end_line(world, &lines);
		add_lines(world, &lines, SCRIPT(">+OK\r\n" REPORT ".\r\n"));
	}
	for (unsigned i = 1; i < n; i++) {
		text_printf(&lines.text, "<TOP %u 1000\r\n", i);
		end_line(world, &lines);
		add_lines(world, &lines, SCRIPT(">+OK\r\nwhat\r\n.\r\n"));
	}
	add_lines(world, &lines, SCRIPT(QUIT));
	lines.at[lines.n] = NULL;
	text_release(&lines.text);
	visit(world, lines.at);
	assert_int_equal(world->n_seen, 2 * n - 1);
	/* The last of them was not seen. */
	assert_int_equal(world->facts->n_seen, n - 1);
	assert_true(world->facts->folders[0].is_all);
}

static void pop3_deletes_with_quit_only(void **state)
{
	struct world *world = *state;
	static const char *const refused[] = { POP3_LOGIN, "<UIDL\r\n",
		">+OK\r\n1 x\r\n.\r\n", "<TOP 1 0\r\n", ">+OK\r\n" OWN ".\r\n",
		"<DELE 1\r\n", ">+OK\r\n", "<QUIT\r\n",
		">-ERR some were not removed\r\n", NULL };
	static const char *const cut[] = { POP3_LOGIN, "<UIDL\r\n",
		">+OK\r\n1 x\r\n.\r\n", "<TOP 1 0\r\n", ">+OK\r\n" OWN ".\r\n",
		"<DELE 1\r\n", ">+OK\r\n", "<QUIT\r\n", NULL };
	static const char *const dele[] = { POP3_LOGIN, "<UIDL\r\n",
		">+OK\r\n1 x\r\n.\r\n", "<TOP 1 0\r\n", ">+OK\r\n" OWN ".\r\n",
		"<DELE 1\r\n", ">-ERR no\r\n", QUIT, NULL };
	static const server_script all[] = { refused, cut, dele };
	world->ask.is_pop3 = true;
	for (size_t i = 0; i < COUNT(all); i++) {
		visit(world, all[i]);
		assert_int_equal(world->facts->folders[0].n_deleted, 0);
		assert_int_equal(world->facts->folders[0].n_undeleted, 1);
	}
}

static void pop3_fails(void **state)
{
	struct world *world = *state;
	const struct failure failures[] = {
		FAILS(FLOW_TURNED_DOWN, GREETING, ">-ERR [SYS/TEMP] no\r\n"),
		FAILS(FLOW_BROKEN, GREETING, ">* OK imap\r\n"),
		FAILS(FLOW_LOGIN_FAILED, LOGIN, POP3_GREET, CAPA,
			"<AUTH PLAIN ", ">-ERR [AUTH] wrong\r\n"),
		FAILS(FLOW_TURNED_DOWN, LOGIN, POP3_GREET, CAPA, "<AUTH PLAIN ",
			">-ERR [IN-USE] locked\r\n"),
		FAILS(FLOW_LOGIN_FAILED, LOGIN, POP3_GREET, CAPA,
			"<AUTH PLAIN ", ">+ \r\n", "<*\r\n",
			">-ERR cancelled\r\n"),
		FAILS(FLOW_TURNED_DOWN, SEARCH, POP3_LOGIN, "<UIDL\r\n",
			">-ERR what\r\n"),
		FAILS(FLOW_BROKEN, SEARCH, POP3_LOGIN, "<UIDL\r\n",
			">+OK\r\n1 a\r\n1 b\r\n.\r\n"),
		FAILS(FLOW_BROKEN, SEARCH, POP3_LOGIN, "<UIDL\r\n",
			">+OK\r\nrubbish\r\n.\r\n"),
		FAILS(FLOW_BROKEN, SEARCH, POP3_LOGIN, "<UIDL\r\n",
			">+OK\r\n1 a\r\n"),
		FAILS(FLOW_TURNED_DOWN, FETCH, POP3_LOGIN, "<UIDL\r\n",
			">+OK\r\n1 a\r\n.\r\n", "<TOP 1 0\r\n",
			">-ERR unknown\r\n", QUIT),
		FAILS(FLOW_BROKEN, FETCH, POP3_LOGIN, "<UIDL\r\n",
			">+OK\r\n1 a\r\n.\r\n+OK\r\n\r\n.\r\n", "B"),
	};
	world->ask.is_pop3 = true;
	for (size_t i = 0; i < COUNT(failures); i++) {
		visit(world, failures[i].script);
		if (world->facts->outcome != failures[i].outcome ||
			world->facts->last != failures[i].last)
			print_message("# %zu: %d %d\n", i,
				(int)world->facts->outcome,
				(int)world->facts->last);
		ended(world, failures[i].outcome, failures[i].last);
		assert_false(world->facts->folders[0].is_all);
		assert_int_equal(world->n_seen, 0);
	}
}

/* -- what can't be asked ------------------------------------------------- */

static void asks_are_checked(void **state)
{
	struct world *world = *state;
	struct mailbox_ask asks[8];
	struct mailbox_folder odd = { .name = "a\r\nb" };
	const char *why;
	for (size_t i = 0; i < COUNT(asks); i++)
		asks[i] = world->ask;
	asks[0].secret = "a\r\nDELE 1";
	asks[1].user = "";
	asks[2].may_bare_secret = false;
	asks[3].folders = &odd;
	asks[4].instance = "a\"b";
	asks[5].n_addrs = 0;
	asks[6].is_pop3 = true;
	asks[7].n_folders = 0;
	for (size_t i = 0; i < COUNT(asks); i++) {
		why = NULL;
		assert_null(mailbox_new(world->arena, world->loop,
			&world->options, &asks[i], &why));
		assert_non_null(why);
	}
}

static void sets_of_numbers(void **state)
{
	static const uint32_t ids[] = { 1, 2, 3, 7, 9, 10 };
	struct text text;
	(void)state;
	text_init(&text, 100);
	assert_int_equal(imap_add_set(&text, ids, COUNT(ids)), COUNT(ids));
	assert_string_equal(text.data, "1:3,7,9:10");
	text_clear(&text);
	/* RFC 3501 section 5.1.3, and what needs two units. */
	imap_add_folder(&text, "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
			       "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
	assert_string_equal(text.data, "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"");
	text_clear(&text);
	imap_add_folder(&text, "\xf0\x9f\x98\x80");
	assert_string_equal(text.data, "\"&2D3eAA-\"");
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(reads_and_deletes),
		WITH_WORLD(tls_from_the_first_byte),
		WITH_WORLD(starttls_forgets_what_was_said),
		WITH_WORLD(only_new_mail_is_looked_at),
		WITH_WORLD(the_newest_where_none_is_found),
		WITH_WORLD(junk_too),
		WITH_WORLD(one_folder_that_is_missing),
		WITH_WORLD(notifications_come_whole),
		WITH_WORLD(what_is_too_much_comes_in_its_turn),
		WITH_WORLD(notifications_come_in_their_turn),
		WITH_WORLD(what_takes_too_long_is_for_another_run),
		WITH_WORLD(forged_lines_in_mail),
		WITH_WORLD(untagged_lines_first),
		WITH_WORLD(foreign_mail_stays),
		WITH_WORLD(without_uidplus_marked_only),
		WITH_WORLD(what_cannot_be_deleted),
		WITH_WORLD(another_folder_when_it_is_to_be_deleted),
		WITH_WORLD(only_reading),
		WITH_WORLD(each_step_may_fail),
		WITH_WORLD(answers_in_advance),
		WITH_WORLD(the_next_address),
		WITH_WORLD(silence),
		WITH_WORLD(the_secret_is_not_told),
		WITH_WORLD(a_secret_as_a_literal),
		WITH_WORLD(plain_by_continuation),
		WITH_WORLD(tokens),
		WITH_WORLD(certificates),
		WITH_WORLD(tls_that_is_kept_away),
		WITH_WORLD(pop3_reads_and_deletes),
		WITH_WORLD(pop3_first_run),
		WITH_WORLD(pop3_notifications),
		WITH_WORLD(pop3_too_long_is_for_another_run),
		WITH_WORLD(pop3_notifications_come_in_their_turn),
		WITH_WORLD(pop3_deletes_with_quit_only),
		WITH_WORLD(pop3_fails),
		WITH_WORLD(asks_are_checked),
		cmocka_unit_test(sets_of_numbers),
	};
	int failed;
	if (!server_certs_make())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	server_certs_free();
	return failed;
}
