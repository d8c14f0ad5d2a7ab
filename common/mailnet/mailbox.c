/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connection to a mailbox, its steps, and both calls. */
#include "config.h"

#include "common/mailnet/mailbox.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/clock.h"
#include "common/mail/flow_token.h"
#include "common/mailnet/mailbox_core.h"
#include "common/mailnet/submit_facts.h"

enum {
	/* Bytes read at once: as many as a record of TLS has at most, so that
	 * what OpenSSL holds is none that poll(2) does not tell of. */
	INPUT = 16 * 1024,
	TURN = 16, /* reads, then others have their turn, and the time */
	GOODBYE_US = 1000 * 1000, /* all is known by then */
	TELLING = 16,             /* bytes of a secret that tell it */
	TLS_1_3 = 0x0304,
};

static void on_ready(int fd, int events, void *arg);
static void on_timer(void *arg);
static void next_address(struct mailbox *mailbox);

const char *mailbox_step_word(unsigned step)
{
	static const char *const words[MAILBOX_STEPS] = { "connect", "greeting",
		"capability", "starttls", "tls", "login", "select", "search",
		"fetch", "delete", "logout" };
	return step < MAILBOX_STEPS ? words[step] : NULL;
}

/* FNV-1a */
uint64_t mailbox_uidl_print(const char *uidl)
{
	uint64_t print = UINT64_C(14695981039346656037);
	for (; *uidl != '\0'; uidl++)
		print = (print ^ (unsigned char)*uidl) *
			UINT64_C(1099511628211);
	return print;
}

/* -- small things -------------------------------------------------------- */

void mailbox_ids_add(struct arena *arena, struct mailbox_ids *ids, uint32_t id)
{
	if (ids->n == ids->cap) {
		size_t cap = ids->cap > 0 ? 2 * ids->cap : 16;
		ids->ids = arena_grow(
			arena, ids->ids, ids->cap, cap, sizeof(*ids->ids));
		ids->cap = cap;
	}
	ids->ids[ids->n++] = id;
}

bool mailbox_ids_have(const struct mailbox_ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->ids[i] == id)
			return true;
	return false;
}

struct mailbox_folder_facts *mailbox_folder_at(
	struct mailbox *mailbox, size_t folder)
{
	return &mailbox->facts.folders[folder];
}

/* As it is quoted; or the begin of what is too long to come back whole. */
static bool tells_quoted(struct mailbox *mailbox, const char *said)
{
	const char *secret = mailbox->ask.secret;
	const struct submit_login *login = mailbox->login;
	struct text begin;
	bool does;
	text_init(&begin, TELLING);
	for (; *secret != '\0'; secret++)
		text_printf(&begin,
			*secret == '"' || *secret == '\\' ? "\\%c" : "%c",
			*secret);
	does = strstr(said, begin.data) != NULL;
	if (login != NULL && login->len > TELLING) {
		text_clear(&begin);
		text_add_len(&begin,
			login->line + strcspn(login->line + 5, " ") + 6,
			TELLING);
		does |= begin.len == TELLING &&
			strstr(said, begin.data) != NULL;
	}
	submit_auth_wipe(begin.data, begin.len);
	text_release(&begin);
	return does;
}

const char *mailbox_clean(struct mailbox *mailbox, const char *said)
{
	struct text text;
	const char *kept;
	if (said == NULL || *said == '\0')
		return NULL;
	if (submit_auth_tells(said, &mailbox->who) ||
		tells_quoted(mailbox, said))
		return "(not shown: it tells the secret)";
	text_init(&text, MAILBOX_SAID_MAX);
	text_add_clean(&text, said);
	kept = arena_strdup(mailbox->arena, text.data);
	text_release(&text);
	return kept;
}

enum mailbox_verdict mailbox_hand_out(
	struct mailbox *mailbox, const struct mailbox_message *message)
{
	enum mailbox_verdict verdict =
		mailbox->calls.message(mailbox->calls.arg, message);
	struct mailbox_ids *own = &mailbox->own_ids[message->folder];
	if (verdict == MAILBOX_OWN && !mailbox_ids_have(own, message->uid))
		mailbox_ids_add(mailbox->arena, own, message->uid);
	return verdict;
}

void mailbox_not_deleted(
	struct mailbox *mailbox, size_t folder, const char *why)
{
	struct mailbox_folder_facts *facts = mailbox_folder_at(mailbox, folder);
	facts->n_undeleted += mailbox->doomed[folder].n;
	if (mailbox->doomed[folder].n > 0)
		facts->why_undeleted = why;
	mailbox->doomed[folder].n = 0;
}

/* -- steps --------------------------------------------------------------- */

static int64_t bound_of(
	const struct mailbox_options *options, enum mailbox_step_id step)
{
	switch ((unsigned)step) {
	case MAILBOX_STEP_CONNECT:
		return options->connect_us;
	case MAILBOX_STEP_GREETING:
		return options->greeting_us;
	case MAILBOX_STEP_SELECT:
	case MAILBOX_STEP_SEARCH:
	case MAILBOX_STEP_FETCH:
	case MAILBOX_STEP_DELETE:
		return options->long_us > 0 ? options->long_us
					    : options->step_us;
	case MAILBOX_STEP_LOGOUT:
		return options->step_us < GOODBYE_US ? options->step_us
						     : GOODBYE_US;
	default:
		return options->step_us;
	}
}

void mailbox_step_begin(struct mailbox *mailbox, enum mailbox_step_id step)
{
	mailbox->step = step;
	mailbox->step_us = clock_mono_us();
	if (!loop_timer_set(mailbox->loop, &mailbox->timer,
		    mailbox->step_us + bound_of(&mailbox->options, step),
		    on_timer, mailbox))
		mem_exhausted();
}

bool mailbox_is_late(const struct mailbox *mailbox)
{
	int64_t until_us = mailbox->options.read_until_us;
	return until_us != 0 && clock_mono_us() >= until_us;
}

void mailbox_step_end(
	struct mailbox *mailbox, enum flow_outcome outcome, const char *said)
{
	mailbox->facts.steps[mailbox->step] = (struct mailbox_step){
		.outcome = outcome,
		.said = mailbox_clean(mailbox, said),
		.at_us = mailbox->step_us - mailbox->options.start_us,
		.took_us = clock_mono_us() - mailbox->step_us,
	};
}

static void wipe_out(struct mailbox *mailbox)
{
	if (mailbox->out != NULL)
		submit_auth_wipe(mailbox->out, mailbox->out_len);
	free(mailbox->out);
	mailbox->out = NULL;
	mailbox->out_len = mailbox->n_sent = 0;
}

static void drop_connection(struct mailbox *mailbox)
{
	loop_timer_cancel(mailbox->loop, &mailbox->timer);
	if (mailbox->connection.fd >= 0)
		(void)loop_watch(
			mailbox->loop, mailbox->connection.fd, 0, NULL, NULL);
	connection_close(&mailbox->connection);
	wipe_out(mailbox);
	mailbox_login_wipe(mailbox);
	mailbox->has_ended = true;
}

void mailbox_is_read(struct mailbox *mailbox)
{
	struct mailbox_facts *facts = &mailbox->facts;
	if (facts->outcome == FLOW_NOT_TRIED) {
		facts->outcome = FLOW_DONE;
		facts->last = mailbox->step;
	}
	loop_timer_cancel(mailbox->loop, &mailbox->timer);
	if (mailbox->connection.fd >= 0)
		(void)loop_watch(
			mailbox->loop, mailbox->connection.fd, 0, NULL, NULL);
	mailbox->stage = MAILBOX_WAITS;
	mailbox->calls.read(mailbox->calls.arg, facts);
}

void mailbox_is_gone(struct mailbox *mailbox)
{
	if (!mailbox->has_ended)
		drop_connection(mailbox);
	for (size_t i = 0; i < mailbox->facts.n_folders; i++)
		mailbox_not_deleted(mailbox, i, "the connection has ended");
	mailbox->stage = MAILBOX_GONE;
	if (mailbox->calls.gone != NULL)
		mailbox->calls.gone(mailbox->calls.arg, &mailbox->facts);
}

/* Whoever does not even greet may have a neighbour that does. */
static bool may_try_next(
	const struct mailbox *mailbox, enum flow_outcome outcome)
{
	return mailbox->step <= MAILBOX_STEP_GREETING &&
	       mailbox->next_address < mailbox->ask.n_addrs &&
	       (outcome == FLOW_UNREACHABLE || outcome == FLOW_TIMED_OUT ||
		       outcome == FLOW_BROKEN);
}

/* The folder in hand, and those behind it, were not read. */
static void fail_folders(
	struct mailbox *mailbox, enum flow_outcome outcome, const char *said)
{
	for (size_t i = 0; i < mailbox->facts.n_folders; i++) {
		struct mailbox_folder_facts *folder =
			mailbox_folder_at(mailbox, i);
		if (folder->read.outcome != FLOW_NOT_TRIED)
			continue;
		folder->read.outcome = outcome;
		folder->read.said = said;
		folder->is_all = false;
	}
}

void mailbox_fail(
	struct mailbox *mailbox, enum flow_outcome outcome, const char *said)
{
	struct mailbox_facts *facts = &mailbox->facts;
	mailbox_step_end(mailbox, outcome, said);
	drop_connection(mailbox);
	if (mailbox->stage == MAILBOX_FINISHES) {
		mailbox_is_gone(mailbox);
		return;
	}
	if (mailbox->stage == MAILBOX_READS && may_try_next(mailbox, outcome)) {
		next_address(mailbox);
		return;
	}
	facts->outcome = outcome;
	facts->last = mailbox->step;
	facts->said = facts->steps[mailbox->step].said;
	fail_folders(mailbox, outcome, facts->said);
	mailbox_is_read(mailbox);
}

static void on_timer(void *arg)
{
	struct mailbox *mailbox = arg;
	mailbox_fail(mailbox, FLOW_TIMED_OUT, NULL);
}

/* -- bytes --------------------------------------------------------------- */

static void watch(struct mailbox *mailbox, int events)
{
	if (!loop_watch(mailbox->loop, mailbox->connection.fd, events, on_ready,
		    mailbox))
		mem_exhausted();
}

/* Whether it is to be tried again when the socket is ready. */
static bool waits(struct mailbox *mailbox, enum tls_status status)
{
	if (status != TLS_WANTS_READ && status != TLS_WANTS_WRITE)
		return false;
	watch(mailbox, status == TLS_WANTS_READ ? LOOP_READ : LOOP_WRITE);
	return true;
}

static void fail_connection(
	struct mailbox *mailbox, enum tls_status status, const char *why)
{
	mailbox_fail(mailbox,
		status == TLS_BROKEN ? FLOW_TLS_FAILED : FLOW_BROKEN,
		why != NULL ? why : "connection closed");
}

/* False: it has failed, or waits. */
static bool write_out(struct mailbox *mailbox)
{
	while (mailbox->n_sent < mailbox->out_len) {
		const char *why = NULL;
		size_t n = 0;
		enum tls_status status = connection_write(&mailbox->connection,
			mailbox->out + mailbox->n_sent,
			mailbox->out_len - mailbox->n_sent, &n, &why);
		if (waits(mailbox, status))
			return false;
		if (status != TLS_OK) {
			fail_connection(mailbox, status, why);
			return false;
		}
		mailbox->n_sent += n;
	}
	wipe_out(mailbox);
	connection_hurry(&mailbox->connection);
	watch(mailbox, LOOP_READ);
	return true;
}

void mailbox_send(struct mailbox *mailbox, const char *bytes, size_t len)
{
	wipe_out(mailbox);
	mailbox->out = malloc(len);
	if (mailbox->out == NULL)
		mem_exhausted();
	memcpy(mailbox->out, bytes, len);
	mailbox->out_len = len;
	mailbox->is_fresh = true;
	mailbox->facts.n_round_trips++;
	(void)write_out(mailbox);
}

void mailbox_send_text(struct mailbox *mailbox, const char *text)
{
	mailbox_send(mailbox, text, strlen(text));
}

/* Takes all of these bytes that still are for who talks. */
static void take_bytes(struct mailbox *mailbox, const uint8_t *bytes, size_t n)
{
	size_t at = 0;
	mailbox->is_fresh = false;
	while (at < n && !mailbox->has_ended &&
		mailbox->stage != MAILBOX_WAITS &&
		mailbox->phase == MAILBOX_TALKING) {
		const char *why = NULL;
		size_t used = 0;
		enum mailbox_feed feed = mailbox->protocol->feed(
			mailbox, bytes + at, n - at, &used, &why);
		at += used;
		mailbox->has_surplus = at < n;
		if (feed == MAILBOX_FEED_WRONG)
			mailbox_fail(mailbox, FLOW_BROKEN, why);
		else if (feed == MAILBOX_FEED_TAKE)
			mailbox->protocol->take(mailbox);
	}
}

static void on_talking(struct mailbox *mailbox)
{
	uint8_t bytes[INPUT];
	const char *why = NULL;
	size_t n = 0;
	unsigned n_reads = 0;
	enum tls_status status;
	if (mailbox->out != NULL && !write_out(mailbox))
		return;
	do {
		if (n_reads++ == TURN) {
			watch(mailbox, LOOP_READ);
			return;
		}
		status = connection_read(
			&mailbox->connection, bytes, sizeof(bytes), &n, &why);
		if (waits(mailbox, status))
			return;
		if (status != TLS_OK) {
			fail_connection(mailbox, status, why);
			return;
		}
		take_bytes(mailbox, bytes, n);
	} while (!mailbox->has_ended && mailbox->stage != MAILBOX_WAITS &&
		 mailbox->phase == MAILBOX_TALKING && mailbox->out == NULL);
}

/* -- TLS ----------------------------------------------------------------- */

static void read_tls_facts(struct mailbox *mailbox)
{
	struct submit_facts judged = { 0 };
	struct smtp_tls *tls = &mailbox->facts.tls;
	if (mailbox->connection.tls == NULL)
		return;
	tls_read_facts(mailbox->connection.tls, mailbox->arena, false, tls);
	if (tls->n_certs == 0 && tls->version == 0)
		return;
	judged.tls = *tls;
	(void)submit_judge_tls(mailbox->arena, &mailbox->who, &judged);
	mailbox->facts.trust = judged.trust == SUBMIT_TRUSTED
				       ? MAILBOX_TRUSTED
				       : MAILBOX_UNTRUSTED;
	mailbox->facts.why_untrusted = judged.why_untrusted;
}

static void on_secured(struct mailbox *mailbox)
{
	struct mailbox_facts *facts = &mailbox->facts;
	read_tls_facts(mailbox);
	facts->n_round_trips += facts->tls.version >= TLS_1_3 ? 1 : 2;
	if (facts->trust != MAILBOX_TRUSTED &&
		!mailbox->ask.takes_any_certificate) {
		mailbox_fail(mailbox, FLOW_TLS_FAILED, facts->why_untrusted);
		return;
	}
	mailbox_step_end(mailbox, FLOW_DONE, NULL);
	mailbox->phase = MAILBOX_TALKING;
	if (mailbox->ask.security == MAILBOX_TLS) {
		mailbox_step_begin(mailbox, MAILBOX_STEP_GREETING);
		on_talking(mailbox);
	} else {
		mailbox->protocol->secured(mailbox);
	}
}

static void shake_hands(struct mailbox *mailbox)
{
	struct tls *tls = mailbox->connection.tls;
	enum tls_status status = tls_handshake(tls);
	if (tls_heard_plain(tls)) {
		mailbox_fail(mailbox, FLOW_TLS_FAILED,
			"sends plain text in place of TLS");
		return;
	}
	if (waits(mailbox, status))
		return;
	if (status == TLS_OK) {
		on_secured(mailbox);
		return;
	}
	read_tls_facts(mailbox);
	mailbox_fail(mailbox, FLOW_TLS_FAILED,
		status == TLS_CLOSED ? "connection closed" : tls_error(tls));
}

void mailbox_start_tls(struct mailbox *mailbox)
{
	const char *why = tls_context_load(mailbox->options.tls);
	uint8_t byte;
	mailbox_step_begin(mailbox, MAILBOX_STEP_TLS);
	if (mailbox->has_surplus ||
		connection_peek(&mailbox->connection, &byte, 1) > 0) {
		/* Behind the reply to STARTTLS; of who begins with TLS the
		 * record tells by itself. */
		if (mailbox->ask.security == MAILBOX_STARTTLS) {
			mailbox_fail(mailbox, FLOW_TLS_FAILED,
				"sends plain text in place of TLS");
			return;
		}
	}
	if (why != NULL) {
		mailbox_fail(mailbox, FLOW_OUR_FAULT, why);
		return;
	}
	mailbox->connection.tls = tls_new(mailbox->options.tls,
		mailbox->connection.fd, mailbox->ask.host);
	if (mailbox->connection.tls == NULL)
		mem_exhausted();
	mailbox->phase = MAILBOX_SHAKING_HANDS;
	shake_hands(mailbox);
}

/* -- the connection ------------------------------------------------------ */

static void on_connected(struct mailbox *mailbox)
{
	const char *why = NULL;
	enum smtp_outcome outcome =
		connection_finish(&mailbox->connection, &why);
	if (outcome != SMTP_DONE) {
		mailbox_fail(mailbox, flow_outcome_of(outcome), why);
		return;
	}
	mailbox_step_end(mailbox, FLOW_DONE, NULL);
	if (mailbox->ask.security == MAILBOX_TLS) {
		mailbox_start_tls(mailbox);
		return;
	}
	mailbox->phase = MAILBOX_TALKING;
	mailbox_step_begin(mailbox, MAILBOX_STEP_GREETING);
	watch(mailbox, LOOP_READ);
}

static void on_ready(int fd, int events, void *arg)
{
	struct mailbox *mailbox = arg;
	(void)fd;
	(void)events;
	switch (mailbox->phase) {
	case MAILBOX_CONNECTING:
		on_connected(mailbox);
		return;
	case MAILBOX_SHAKING_HANDS:
		shake_hands(mailbox);
		return;
	case MAILBOX_TALKING:
		on_talking(mailbox);
		return;
	}
}

static void next_address(struct mailbox *mailbox)
{
	const struct dns_addr *addr =
		&mailbox->ask.addrs[mailbox->next_address++];
	const char *why = NULL;
	enum smtp_outcome outcome;
	mailbox->has_ended = false;
	mailbox->has_surplus = false;
	mailbox->phase = MAILBOX_CONNECTING;
	mailbox->protocol->begin(mailbox);
	mailbox->facts.address = dns_addr_string(mailbox->arena, addr);
	mailbox->facts.n_round_trips++;
	mailbox_step_begin(mailbox, MAILBOX_STEP_CONNECT);
	outcome = connection_open(
		&mailbox->connection, addr, mailbox->ask.port, &why);
	if (outcome != SMTP_DONE)
		mailbox_fail(mailbox, flow_outcome_of(outcome), why);
	else
		watch(mailbox, LOOP_WRITE);
}

/* -- for the caller ------------------------------------------------------ */

static const char *check_words(const struct mailbox_ask *ask)
{
	const char *const words[] = { ask->user, ask->secret };
	if (ask->user == NULL || ask->secret == NULL || *ask->user == '\0' ||
		*ask->secret == '\0')
		return "needs a user and a secret";
	if (strlen(ask->user) > MAILBOX_USER_MAX)
		return "can't have a user's name of more than 255 bytes";
	if (strlen(ask->secret) > MAILBOX_SECRET_MAX)
		return "can't have a secret of more than 8192 bytes";
	for (size_t i = 0; i < 2; i++)
		for (const char *s = words[i]; *s != '\0'; s++)
			if ((unsigned char)*s < ' ' || *s == 0x7f)
				return "can't have a user or secret with a "
				       "control character";
	if (ask->security == MAILBOX_PLAIN && !ask->may_bare_secret)
		return "would send the secret without TLS";
	return NULL;
}

static const char *check_folders(const struct mailbox_ask *ask)
{
	if (ask->is_pop3 ? ask->n_folders != 0
			 : ask->n_folders == 0 ||
				   ask->n_folders > MAILBOX_FOLDERS_MAX)
		return "needs one folder by IMAP, up to 8, and none by POP3";
	for (size_t i = 0; i < ask->n_folders; i++) {
		const char *name = ask->folders[i].name;
		size_t len = strlen(name);
		if (len == 0 || len > MAILBOX_NAME_MAX || !text_is_utf8(name))
			return "can't have that folder: its name is empty, "
			       "too long, or not UTF-8";
		for (; *name != '\0'; name++)
			if ((unsigned char)*name < ' ' || *name == 0x7f)
				return "can't have a folder with a control "
				       "character in its name";
	}
	return NULL;
}

static void make_folders(struct mailbox *mailbox)
{
	const struct mailbox_ask *ask = &mailbox->ask;
	struct mailbox_facts *facts = &mailbox->facts;
	facts->n_folders = ask->is_pop3 ? 1 : ask->n_folders;
	facts->folders = arena_array(
		mailbox->arena, facts->n_folders, sizeof(*facts->folders));
	for (size_t i = 0; i < ask->n_folders; i++)
		facts->folders[i].name = ask->folders[i].name;
}

struct mailbox *mailbox_new(struct arena *arena, struct loop *loop,
	const struct mailbox_options *options, const struct mailbox_ask *ask,
	const char **why)
{
	struct mailbox *mailbox;
	*why = check_words(ask);
	if (*why == NULL)
		*why = check_folders(ask);
	if (*why == NULL && !flow_instance_check(ask->instance))
		*why = "needs an instance that is one";
	if (*why == NULL && ask->n_addrs == 0)
		*why = "needs an address";
	if (*why != NULL)
		return NULL;
	mailbox = arena_alloc(arena, sizeof(*mailbox));
	mailbox->arena = arena;
	mailbox->loop = loop;
	mailbox->options = *options;
	mailbox->ask = *ask;
	mailbox->connection.fd = -1;
	mailbox->protocol = ask->is_pop3 ? &pop3_protocol : &imap_protocol;
	mailbox->own = ask->is_pop3 ? pop3_new(arena) : imap_new(arena);
	mailbox->who = (struct submit_ask){
		.host = ask->host,
		.verified_name = ask->verified_name,
		.port = ask->port,
		.auth = SUBMIT_PASSWORD,
		.user = ask->user,
		.secret = ask->secret,
	};
	make_folders(mailbox);
	return mailbox;
}

static void on_start(void *arg)
{
	next_address(arg);
}

void mailbox_start(struct mailbox *mailbox, const struct mailbox_calls *calls)
{
	mailbox->calls = *calls;
	if (!loop_timer_set(
		    mailbox->loop, &mailbox->timer, 0, on_start, mailbox))
		mem_exhausted();
}

void mailbox_finish(
	struct mailbox *mailbox, const struct mailbox_id *ids, size_t n)
{
	if (mailbox->stage != MAILBOX_WAITS)
		return;
	for (size_t i = 0; i < n; i++)
		/* Nobody's mail is deleted by a mistake of the caller's. */
		if (ids[i].folder < mailbox->facts.n_folders &&
			mailbox_ids_have(
				&mailbox->own_ids[ids[i].folder], ids[i].uid))
			mailbox_ids_add(mailbox->arena,
				&mailbox->doomed[ids[i].folder], ids[i].uid);
	mailbox->stage = MAILBOX_FINISHES;
	for (size_t i = 0; i < mailbox->facts.n_folders; i++)
		if (mailbox->ask.only_reads)
			mailbox_not_deleted(mailbox, i, "it is only read");
	if (mailbox->has_ended)
		mailbox_is_gone(mailbox);
	else
		mailbox->protocol->finish(mailbox);
}

void mailbox_stop(struct mailbox *mailbox)
{
	if (mailbox->stage == MAILBOX_READS) {
		/* Without the next address. */
		mailbox->next_address = mailbox->ask.n_addrs;
		if (mailbox->connection.fd >= 0 &&
			mailbox->step == MAILBOX_STEP_TLS)
			read_tls_facts(mailbox);
		mailbox_fail(mailbox, FLOW_TIMED_OUT, "the deadline came");
	} else if (mailbox->stage == MAILBOX_FINISHES) {
		mailbox_fail(mailbox, FLOW_TIMED_OUT, "the deadline came");
	}
}

const struct mailbox_facts *mailbox_facts(const struct mailbox *mailbox)
{
	return &mailbox->facts;
}

bool mailbox_is_over(const struct mailbox *mailbox)
{
	return mailbox->stage == MAILBOX_GONE;
}

void mailbox_free(struct mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	drop_connection(mailbox);
	mailbox->protocol->release(mailbox);
	mailbox->stage = MAILBOX_GONE;
}
