/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole visits to a mailbox, by IMAP and POP3, at a server that the fuzzer
 * makes up (virtual_peer.c). Looked for are crashes, visits without an end,
 * secrets in front of TLS or in what is told, a call that is made twice or
 * never, and above all commands that delete what was not handed out as own, or
 * more than is named.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mailnet/mailbox.h"
#include "common/mailnet/pop3_reply.h"
#include "tests/fuzz/virtual_peer.h"

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	STEP_US = 1000 * 1000,
	OWN_MAX = 256,
	COMMAND_LINE_MAX = 24 * 1024,
};

static const char user[] = "user";
static const char secret[] = "c0rrect-h0rse";
/* As SASL PLAIN has it. */
static const char coded[] = "AHVzZXIAYzBycmVjdC1oMHJzZQ==";

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* -- the server ---------------------------------------------------------- */

#define OWN_HEADER "{44}\r\nX-Lifeline-Probe: lp1.mon.own\r\nFrom: a@b\r\n\r\n"
#define OTHER      "{15}\r\nSubject: hi\r\n\r\n"
#define REPORT     "{39}\r\nContent-Type: multipart/report; a=b\r\n\r\n"
#define FORGED     "{33}\r\nSubject: x\r\n\1 OK\r\n* SEARCH 666\r\n"

static const char *const imap_replies[] = {
	"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS] hi\r\n",
	"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n",
	"* OK hi\r\n",
	"* PREAUTH hi\r\n",
	"\1 OK done\r\n",
	"\1 OK [CAPABILITY IMAP4rev1 UIDPLUS] done\r\n",
	"\1 NO [LIMIT] no\r\n",
	"\1 BAD what\r\n",
	"* CAPABILITY IMAP4rev1 STARTTLS AUTH=XOAUTH2 UIDPLUS\r\n\1 OK\r\n",
	"* CAPABILITY IMAP4rev1\r\n\1 OK\r\n",
	"+ go on\r\n",
	"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 100] .\r\n"
	"\1 OK [READ-WRITE] done\r\n",
	"* 300 EXISTS\r\n* OK [UIDVALIDITY 8] .\r\n\1 OK\r\n",
	"* SEARCH\r\n\1 OK\r\n",
	"* SEARCH 41 42 43\r\n\1 OK\r\n",
	"* SEARCH 42 4294967295 1\r\n",
	"* 1 FETCH (UID 41 BODY[] " OTHER ")\r\n",
	"* 2 FETCH (UID 42 RFC822.SIZE 9 BODY[] " OWN_HEADER ")\r\n",
	"* 3 FETCH (UID 43 FLAGS (\\Deleted) BODY[] " REPORT ")\r\n",
	"* 2 FETCH (UID 42 BODY[] " FORGED ")\r\n",
	"* 1 FETCH (UID 1 BODY[] NIL)\r\n",
	"* 2 EXPUNGE\r\n\1 OK\r\n",
	"* BYE\r\n",
	"* BYE\r\n\1 OK\r\n",
	"a9 OK of another\r\n",
	"\1 NO it was c0rrect-h0rse\r\n",
	"\1 OK one\r\n\1 OK too many\r\n",
};

static const char *const pop3_replies[] = {
	"+OK hi\r\n",
	"-ERR [IN-USE] no\r\n",
	"+ \r\n",
	"+OK\r\nSTLS\r\nUIDL\r\nPIPELINING\r\nSASL PLAIN\r\n.\r\n",
	"+OK\r\nUIDL\r\nUSER\r\n.\r\n",
	"+OK\r\n1 one\r\n2 two\r\n7 seven\r\n.\r\n",
	"+OK\r\n2 two\r\n1 one\r\n.\r\n",
	"+OK\r\n.\r\n",
	"+OK\r\nX-Lifeline-Probe: lp1.mon.own\r\n\r\n.\r\n",
	"+OK\r\nSubject: hi\r\n\r\n.\r\n",
	"+OK\r\nContent-Type: multipart/report\r\n\r\n..\r\n.\r\n",
	"+OK\r\nX-Lifeline-Probe: lp1.mon.own\r\n\r\n.\r\n+OK\r\n\r\n.\r\n",
	"-ERR no\r\n",
	"-ERR it was c0rrect-h0rse\r\n",
};

/* -- what may be said ---------------------------------------------------- */

/* A visit; one at a time. */
static struct {
	const struct mailbox_ask *ask;
	struct mailbox *mailbox;
	/* Handed out and called own, by folder. */
	struct mailbox_id own[OWN_MAX];
	size_t n_own;
	unsigned reads, gones;
	bool finishes;
	char tag[16];
} visit;

static bool is_own(uint32_t uid)
{
	for (size_t i = 0; i < visit.n_own; i++)
		if (visit.own[i].uid == uid)
			return true;
	return false;
}

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static uint32_t take_number(const char **at)
{
	uint64_t number = 0;
	must(**at >= '1' && **at <= '9');
	for (; **at >= '0' && **at <= '9'; ++*at)
		number = 10 * number + (uint64_t)(**at - '0');
	must(number <= UINT32_MAX);
	return (uint32_t)number;
}

/* "1:3,7" and what follows it: own ones, each of them. */
static void check_set(const char *at, const char *after)
{
	for (;;) {
		uint32_t first = take_number(&at);
		uint32_t last = first;
		if (*at == ':') {
			at++;
			last = take_number(&at);
		}
		must(last >= first && last - first < OWN_MAX);
		for (uint32_t i = first; i <= last; i++)
			must(is_own(i));
		if (*at != ',')
			break;
		at++;
	}
	must(strcmp(at, after) == 0);
}

static void check_deleting(void)
{
	must(visit.finishes && !visit.ask->only_reads);
}

static void check_imap(const char *line)
{
	static const char *const harmless[] = { "CAPABILITY\r\n",
		"STARTTLS\r\n", "LOGIN ", "AUTHENTICATE ", "SELECT \"",
		"EXAMINE \"", "UID SEARCH ", "UID FETCH ", "FETCH ",
		"LOGOUT\r\n" };
	const char *rest = strchr(line, ' ');
	must(rest != NULL && line[0] == 'a');
	must((size_t)(rest - line) < sizeof(visit.tag));
	memcpy(visit.tag, line, (size_t)(rest - line));
	visit.tag[rest - line] = '\0';
	rest++;
	must(!visit.ask->only_reads || !begins(rest, "SELECT"));
	/* Nothing that is fetched is marked as seen. */
	must(strstr(rest, "BODY[") == NULL);
	if (begins(rest, "UID STORE ")) {
		check_deleting();
		check_set(rest + 10, " +FLAGS.SILENT (\\Deleted)\r\n");
		return;
	}
	if (begins(rest, "UID EXPUNGE ")) {
		check_deleting();
		check_set(rest + 12, "\r\n");
		return;
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (begins(rest, harmless[i]))
			return;
	abort();
}

static void check_pop3(const char *line)
{
	static const char *const harmless[] = { "CAPA\r\n", "STLS\r\n", "AUTH ",
		"USER ", "PASS ", "UIDL\r\n", "TOP ", "QUIT\r\n" };
	if (begins(line, "DELE ")) {
		const char *at = line + 5;
		check_deleting();
		must(is_own(take_number(&at)) && strcmp(at, "\r\n") == 0);
		return;
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (begins(line, harmless[i]))
			return;
	abort();
}

/* The answer to "+": a payload of SASL, or that there is none. */
static bool is_answer(const char *bytes)
{
	return begins(bytes, coded) || strcmp(bytes, "\r\n") == 0 ||
	       strcmp(bytes, "*\r\n") == 0 || begins(bytes, "bixhPXVzZXIs") ||
	       begins(bytes, "dXNlcj11c2Vy") || strcmp(bytes, "AQ==\r\n") == 0;
}

static void check_sent(const char *bytes, size_t len, bool is_tls)
{
	char text[COMMAND_LINE_MAX];
	char *line = text, *end;
	must(len >= 2 && len < sizeof(text) && bytes[len - 1] == '\n' &&
		bytes[len - 2] == '\r' && memchr(bytes, '\0', len) == NULL);
	memcpy(text, bytes, len);
	text[len] = '\0';
	must(is_tls || visit.ask->security == MAILBOX_PLAIN ||
		(strstr(text, secret) == NULL && strstr(text, user) == NULL &&
			strstr(text, coded) == NULL));
	if (is_answer(text))
		return;
	/* POP3 says several at once. */
	for (; *line != '\0'; line = end) {
		char rest;
		end = strstr(line, "\r\n") + 2;
		rest = *end;
		must(rest == '\0' || visit.ask->is_pop3);
		*end = '\0';
		if (visit.ask->is_pop3)
			check_pop3(line);
		else
			check_imap(line);
		*end = rest;
	}
}

static void before_write(bool is_tls)
{
	(void)is_tls;
	peer.word = visit.tag;
}

/* Not on top of anything that was said in plain text. */
static void before_tls(void)
{
	must(peer.n_pending == 0 || visit.ask->security == MAILBOX_TLS);
}

static const struct peer_protocol imap = {
	.replies = imap_replies,
	.n_replies = sizeof(imap_replies) / sizeof(imap_replies[0]),
	.before_write = before_write,
	.check_sent = check_sent,
	.before_tls = before_tls,
};

static const struct peer_protocol pop3 = {
	.replies = pop3_replies,
	.n_replies = sizeof(pop3_replies) / sizeof(pop3_replies[0]),
	.before_write = before_write,
	.check_sent = check_sent,
	.before_tls = before_tls,
};

/* -- who is called ------------------------------------------------------- */

static enum mailbox_verdict on_message(
	void *arg, const struct mailbox_message *message)
{
	size_t len = strlen(message->header);
	(void)arg;
	must(visit.reads == 0 && message->uid > 0);
	must(message->folder < (visit.ask->is_pop3 ? 1 : visit.ask->n_folders));
	must(len <= (message->whole != NULL ? (size_t)MAILBOX_WHOLE_MAX
					    : (size_t)MAILBOX_HEADER_MAX));
	must(message->whole == NULL || message->whole == message->header);
	if (strstr(message->header, "lp1.mon.own") != NULL &&
		visit.n_own < OWN_MAX) {
		visit.own[visit.n_own++] =
			(struct mailbox_id){ message->folder, message->uid };
		return MAILBOX_OWN;
	}
	return strstr(message->header, "multipart/report") != NULL
		       ? MAILBOX_WHOLE
		       : MAILBOX_FOREIGN;
}

static void on_read(void *arg, const struct mailbox_facts *facts)
{
	(void)arg;
	must(facts == mailbox_facts(visit.mailbox));
	visit.reads++;
	loop_stop(peer_loop());
}

static void on_gone(void *arg, const struct mailbox_facts *facts)
{
	(void)arg;
	(void)facts;
	visit.gones++;
	loop_stop(peer_loop());
}

/* -- what has to hold ---------------------------------------------------- */

static void check_said(const char *said)
{
	if (said == NULL)
		return;
	must(strlen(said) <= MAILBOX_SAID_MAX + 16 && text_is_utf8(said));
	must(strstr(said, secret) == NULL && strstr(said, coded) == NULL);
	for (; *said != '\0'; said++)
		must((unsigned char)*said >= ' ' && *said != 0x7f);
}

static void check_folder(
	const struct mailbox_folder_facts *folder, size_t index)
{
	size_t n_own = 0;
	check_said(folder->read.said);
	check_said(folder->why_undeleted);
	must(folder->read.outcome != FLOW_NOT_TRIED);
	/* What was not read to its end is never told as all of it. */
	must(!folder->is_all || folder->read.outcome == FLOW_DONE);
	for (size_t i = 0; i < visit.n_own; i++) {
		if (visit.own[i].folder != index)
			continue;
		n_own++;
		must(folder->settled_uid < visit.own[i].uid);
	}
	must(folder->n_deleted + folder->n_undeleted <= n_own);
	must(folder->n_deleted == 0 || !visit.ask->only_reads);
	must(folder->uid_next == 0 || folder->settled_uid < folder->uid_next ||
		folder->settled_uid <= visit.ask->folders[index].last_uid);
}

static void check_seen(const struct mailbox_facts *facts)
{
	for (size_t i = 1; i < facts->n_seen; i++)
		must(facts->seen[i - 1] <= facts->seen[i]);
	if (!visit.ask->is_pop3)
		must(facts->n_seen == 0);
}

static void check_facts(const struct mailbox_facts *facts)
{
	bool is_done = false;
	check_said(facts->said);
	check_said(facts->challenge);
	must(facts->outcome != FLOW_NOT_TRIED);
	for (unsigned i = 0; i < MAILBOX_STEPS; i++) {
		check_said(facts->steps[i].said);
		must(facts->steps[i].took_us >= 0);
	}
	for (size_t i = 0; i < facts->n_folders; i++) {
		if (!visit.ask->is_pop3)
			check_folder(&facts->folders[i], i);
		is_done |= facts->folders[i].read.outcome == FLOW_DONE;
	}
	must(facts->outcome != FLOW_DONE || is_done);
	check_seen(facts);
}

/* -- a visit ------------------------------------------------------------- */

static void run_until(const unsigned *calls)
{
	while (*calls == 0)
		if (loop_run(peer_loop()) != LOOP_STOPPED)
			mailbox_stop(visit.mailbox);
	must(*calls == 1);
}

static void choose(struct mailbox_ask *ask, struct mailbox_folder *folders,
	struct mailbox_options *options)
{
	static const enum mailbox_auth auths[] = { MAILBOX_PASSWORD,
		MAILBOX_LOGIN, MAILBOX_XOAUTH2, MAILBOX_OAUTHBEARER };
	uint8_t flags = peer_byte();
	ask->security = (enum mailbox_security)(flags % 3);
	ask->may_bare_secret = ask->security == MAILBOX_PLAIN;
	ask->takes_any_certificate = (flags & 4) == 0;
	ask->wants_reports = (flags & 8) == 0;
	ask->only_reads = (flags & 0x30) == 0x30;
	ask->auth = auths[flags >> 6];
	flags = peer_byte();
	ask->n_addrs = 1 + (flags & 1);
	ask->is_first = (flags & 2) != 0;
	/* The deadline comes first. */
	if ((flags & 0x20) != 0)
		options->long_us = 2 * PEER_DEADLINE_US;
	if ((flags & 0x40) != 0)
		options->read_until_us = PEER_STARTED_US + STEP_US / 8;
	if (ask->is_pop3)
		return;
	ask->folders = folders;
	ask->n_folders = 1 + ((flags >> 2) & 1);
	if ((flags & 8) != 0)
		folders[0].uid_validity = 7;
	if ((flags & 0x10) != 0)
		folders[0].last_uid = 41;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dns_addr addrs[] = { { 4, { 192, 0, 2, 1 } },
		{ 4, { 192, 0, 2, 2 } } };
	const struct mailbox_calls calls = {
		.message = on_message, .read = on_read, .gone = on_gone
	};
	struct tls_context context = { 0 };
	struct mailbox_options options = { .tls = &context,
		.start_us = PEER_STARTED_US,
		.connect_us = STEP_US,
		.greeting_us = STEP_US,
		.step_us = STEP_US };
	struct mailbox_folder folders[] = { { .name = "INBOX" },
		{ .name = "J\xc3\xbcnk & \"more\"" } };
	struct mailbox_ask ask = { .addrs = addrs,
		.port = 993,
		.host = "imap.example.org",
		.user = user,
		.secret = secret,
		.instance = "mon" };
	struct arena *arena = arena_new(ARENA_MAX);
	const char *why;
	memset(&visit, 0, sizeof(visit));
	visit.ask = &ask;
	ask.is_pop3 = size > 0 && (data[0] & 1) != 0;
	peer_begin(ask.is_pop3 ? &pop3 : &imap, data, size);
	(void)peer_byte();
	peer.word = visit.tag;
	choose(&ask, folders, &options);
	visit.mailbox = mailbox_new(arena, peer_loop(), &options, &ask, &why);
	must(visit.mailbox != NULL);
	mailbox_start(visit.mailbox, &calls);
	run_until(&visit.reads);
	check_facts(mailbox_facts(visit.mailbox));
	must(visit.gones == 0 && !mailbox_is_over(visit.mailbox));
	visit.finishes = true;
	mailbox_finish(visit.mailbox, visit.own, visit.n_own);
	run_until(&visit.gones);
	must(visit.reads == 1 && mailbox_is_over(visit.mailbox));
	must(!peer.is_open && peer.n_opened <= ask.n_addrs);
	must(peer_now_us() <= PEER_DEADLINE_US);
	check_facts(mailbox_facts(visit.mailbox));
	mailbox_free(visit.mailbox);
	arena_free(arena);
	return 0;
}
