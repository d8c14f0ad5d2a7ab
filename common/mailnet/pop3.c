/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * POP3: one UIDL, TOP of what was not seen before, and DELE and QUIT once the
 * caller says so: nothing is deleted without that QUIT (RFC 1939 section 6).
 * Many TOP go at once where the server takes that (RFC 2449 section 6.6).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/text.h"
#include "common/mail/flow_token.h"
#include "common/mailnet/mailbox_core.h"
#include "common/mailnet/pop3_reply.h"

enum {
	COMMAND_MAX = 24 * 1024,
	SASL_MAX = 512,
	AT_ONCE = 32,     /* commands */
	LINE_LIMIT = 255, /* RFC 2449 section 4: of a command */
	WHOLE_LINES = 1000,
	ENTRIES_MAX = 1000 * 1000,
};

enum command {
	GREETING,
	CAPA,
	STLS,
	AUTH,
	USER,
	PASS,
	UIDL,
	TOP,
	WHOLE,
	DELE,
	QUIT,
};

struct entry {
	uint64_t print;
	uint32_t number;
	bool is_left; /* to be looked at again in the next run */
};

struct pop3 {
	struct pop3_reply reply;
	enum command command;
	bool has_caps, has_stls, has_pipelining, knows_user;
	char sasl[SASL_MAX];
	char *payload; /* of SASL, to be sent when it is asked for; wiped */

	struct entry *entries;
	size_t n, cap;
	bool is_odd; /* the list */
	/* Indices of those that are asked for by TOP. */
	size_t *wanted;
	size_t n_wanted, next, answered;
	size_t *wholes;
	size_t n_wholes;
	struct text header; /* of the one in hand */
	bool has_text, in_body, is_kept;
	size_t n_refused;
	const char *refusal;
	uint32_t *dying;
	size_t n_dying, n_dead;
};

static struct pop3 *pop3_of(struct mailbox *mailbox)
{
	return mailbox->own;
}

void *pop3_new(struct arena *arena)
{
	struct pop3 *pop3 = arena_alloc(arena, sizeof(*pop3));
	pop3_reply_init(&pop3->reply, false);
	return pop3;
}

static void wipe_payload(struct pop3 *pop3)
{
	if (pop3->payload != NULL)
		submit_auth_wipe(pop3->payload, strlen(pop3->payload));
	free(pop3->payload);
	pop3->payload = NULL;
}

static void release(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	wipe_payload(pop3);
	if (pop3->has_text)
		text_release(&pop3->header);
	pop3->has_text = false;
}

static void begin(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	pop3_reply_init(&pop3->reply, false);
	pop3->command = GREETING;
}

static enum mailbox_feed feed(struct mailbox *mailbox, const uint8_t *bytes,
	size_t len, size_t *used, const char **why)
{
	struct pop3_reply *reply = &pop3_of(mailbox)->reply;
	enum pop3_status status = pop3_reply_feed(reply, bytes, len, used);
	*why = reply->why;
	if (status == POP3_MORE)
		return MAILBOX_FEED_MORE;
	return status == POP3_WRONG ? MAILBOX_FEED_WRONG : MAILBOX_FEED_TAKE;
}

static void say(struct mailbox *mailbox, enum command command, const char *line)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	pop3->command = command;
	pop3_reply_init(&pop3->reply, command == CAPA || command == UIDL ||
					      command == TOP ||
					      command == WHOLE);
	mailbox_send_text(mailbox, line);
}

static void wipe_text(struct text *text)
{
	submit_auth_wipe(text->data, text->len);
	text_release(text);
}

/* -- up to the login ----------------------------------------------------- */

static void ask_capa(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	pop3->has_caps = pop3->has_stls = pop3->has_pipelining = false;
	pop3->sasl[0] = '\0';
	mailbox_step_begin(mailbox, MAILBOX_STEP_CAPABILITY);
	say(mailbox, CAPA, "CAPA\r\n");
}

static void note_capability(struct pop3 *pop3)
{
	const char *line = pop3->reply.line;
	if (strcasecmp(line, "STLS") == 0)
		pop3->has_stls = true;
	else if (strcasecmp(line, "PIPELINING") == 0)
		pop3->has_pipelining = true;
	else if (strncasecmp(line, "SASL ", 5) == 0 &&
		 strlen(line + 5) < SASL_MAX)
		memcpy(pop3->sasl, line + 5, strlen(line + 5) + 1);
}

static void log_in_by_sasl(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	const struct submit_login *login = mailbox_login_line(mailbox);
	size_t name =
		strcspn(login->line + strlen("AUTH "), " ") + strlen("AUTH ");
	char first[64];
	if (login->len <= LINE_LIMIT) {
		pop3->command = AUTH;
		pop3_reply_init(&pop3->reply, false);
		mailbox_send(mailbox, login->line, login->len);
		return;
	}
	/* Too long for a command, and not for what goes behind it (RFC 5034
	 * section 4). */
	pop3->payload =
		mem_strndup(login->line + name + 1, login->len - name - 1);
	if (name + 3 > sizeof(first))
		mem_exhausted();
	memcpy(first, login->line, name);
	memcpy(first + name, "\r\n", 3);
	say(mailbox, AUTH, first);
}

static void send_secret(
	struct mailbox *mailbox, enum command command, const char *secret)
{
	struct text line;
	text_init(&line, COMMAND_MAX);
	/* All the room at once: where it grows it would leave secrets. */
	text_printf(&line, "%*s", COMMAND_MAX, "");
	text_clear(&line);
	text_printf(
		&line, "%s %s\r\n", command == USER ? "USER" : "PASS", secret);
	say(mailbox, command, line.data);
	wipe_text(&line);
}

static void log_in(struct mailbox *mailbox)
{
	const char *why;
	mailbox_step_begin(mailbox, MAILBOX_STEP_LOGIN);
	if (mailbox_choose_login(mailbox, pop3_of(mailbox)->sasl, &why)) {
		log_in_by_sasl(mailbox);
	} else if (why != NULL) {
		mailbox_fail(mailbox, FLOW_LOGIN_FAILED, why);
	} else {
		mailbox->facts.mechanism = "USER";
		send_secret(mailbox, USER, mailbox->ask.user);
	}
}

static void after_capa(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	mailbox_step_end(mailbox, FLOW_DONE, NULL);
	if (mailbox->ask.security != MAILBOX_STARTTLS ||
		mailbox->connection.tls != NULL) {
		log_in(mailbox);
		return;
	}
	mailbox_step_begin(mailbox, MAILBOX_STEP_STARTTLS);
	/* Who has no CAPA may have STLS. */
	if (pop3->has_caps && !pop3->has_stls)
		mailbox_fail(mailbox, FLOW_TLS_FAILED, "does not offer STLS");
	else
		say(mailbox, STLS, "STLS\r\n");
}

static void secured(struct mailbox *mailbox)
{
	/* What was said before TLS may have been anybody's words. */
	ask_capa(mailbox);
}

/* "[IN-USE] ...", of which the word is the code (RFC 2449 section 8). */
static bool is_login_failure(const char *line)
{
	return *line != '[' || mailbox_is_login_failure(line + 1);
}

static void refuse_login(struct mailbox *mailbox)
{
	const char *line = pop3_of(mailbox)->reply.line;
	mailbox_fail(mailbox,
		is_login_failure(line) ? FLOW_LOGIN_FAILED : FLOW_TURNED_DOWN,
		line);
}

static void ask_uidl(struct mailbox *mailbox)
{
	mailbox_step_end(mailbox, FLOW_DONE, NULL);
	wipe_payload(pop3_of(mailbox));
	mailbox_login_wipe(mailbox);
	mailbox_step_begin(mailbox, MAILBOX_STEP_SEARCH);
	say(mailbox, UIDL, "UIDL\r\n");
}

/* -- the list ------------------------------------------------------------ */

static void note_entry(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	const char *uid;
	uint32_t number;
	if (!pop3_read_uidl(pop3->reply.line, &number, &uid) ||
		pop3->reply.is_cut || pop3->n == ENTRIES_MAX ||
		(pop3->n > 0 && number <= pop3->entries[pop3->n - 1].number)) {
		pop3->is_odd = true;
		return;
	}
	if (pop3->n == pop3->cap) {
		size_t cap = pop3->cap > 0 ? 2 * pop3->cap : 64;
		pop3->entries = arena_grow(mailbox->arena, pop3->entries,
			pop3->cap, cap, sizeof(*pop3->entries));
		pop3->cap = cap;
	}
	pop3->entries[pop3->n++] =
		(struct entry){ .print = mailbox_uidl_print(uid),
			.number = number };
}

static int compare(const void *a, const void *b)
{
	uint64_t one, other;
	memcpy(&one, a, sizeof(one));
	memcpy(&other, b, sizeof(other));
	return one < other ? -1 : one > other;
}

static bool was_seen(const struct mailbox_ask *ask, uint64_t print)
{
	return !ask->is_first && ask->n_seen > 0 &&
	       bsearch(&print, ask->seen, ask->n_seen, sizeof(print),
		       compare) != NULL;
}

/* Which are to be read: of the first run the newest, else the oldest. */
static void choose(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	const struct mailbox_ask *ask = &mailbox->ask;
	struct mailbox_folder_facts *facts = mailbox_folder_at(mailbox, 0);
	size_t scan = ask->scan > 0 ? ask->scan : MAILBOX_SCAN;
	size_t first = 0;
	if (ask->is_first && pop3->n > scan)
		first = pop3->n - scan;
	facts->n_left_out = first;
	facts->exists = (uint32_t)pop3->n;
	facts->is_all = true;
	pop3->wanted = arena_array(
		mailbox->arena, MAILBOX_READ_MAX, sizeof(*pop3->wanted));
	pop3->wholes = arena_array(
		mailbox->arena, MAILBOX_WHOLES_MAX, sizeof(*pop3->wholes));
	for (size_t i = first; i < pop3->n; i++) {
		if (was_seen(ask, pop3->entries[i].print))
			continue;
		facts->n_found++;
		if (pop3->n_wanted < MAILBOX_READ_MAX) {
			pop3->wanted[pop3->n_wanted++] = i;
			continue;
		}
		pop3->entries[i].is_left = true;
		facts->is_all = false;
	}
}

/* -- headers ------------------------------------------------------------- */

static void ask_some(struct mailbox *mailbox);

/* A field that somebody reads; what follows with a blank belongs to it. */
static bool is_kept(const struct pop3 *pop3, const char *line)
{
	static const char *const fields[] = { FLOW_HEADER, "Message-ID",
		"Subject", "Date", "From", "To", "Return-Path", "Received",
		"Authentication-Results", "Content-Type", "Auto-Submitted",
		"In-Reply-To", "References" };
	if (*line == ' ' || *line == '\t')
		return pop3->is_kept;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t len = strlen(fields[i]);
		if (strncasecmp(line, fields[i], len) == 0 &&
			line[len + strspn(line + len, " \t")] == ':')
			return true;
	}
	return false;
}

static void note_line(struct pop3 *pop3)
{
	const char *line = pop3->reply.line;
	bool is_whole = pop3->command == WHOLE;
	if (*line == '\0')
		pop3->in_body = true;
	if (!is_whole && !pop3->in_body)
		pop3->is_kept = is_kept(pop3, line);
	if (!is_whole && (pop3->in_body || !pop3->is_kept))
		return;
	text_add(&pop3->header, line);
	text_add(&pop3->header, "\r\n");
}

static void begin_text(struct pop3 *pop3)
{
	if (pop3->has_text)
		text_release(&pop3->header);
	text_init(&pop3->header, pop3->command == WHOLE ? MAILBOX_WHOLE_MAX
							: MAILBOX_HEADER_MAX);
	pop3->has_text = true;
	pop3->in_body = pop3->is_kept = false;
}

/* Those that are too many come in their turn. */
static void add_whole(struct pop3 *pop3, size_t entry)
{
	if (pop3->n_wholes == MAILBOX_WHOLES_MAX)
		pop3->entries[entry].is_left = true;
	else
		pop3->wholes[pop3->n_wholes++] = entry;
}

/* The reply to TOP is at its end. */
static void end_message(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	struct mailbox_folder_facts *facts = mailbox_folder_at(mailbox, 0);
	bool is_whole = pop3->command == WHOLE;
	size_t index = is_whole ? pop3->wholes[pop3->answered]
				: pop3->wanted[pop3->answered];
	struct entry *entry = &pop3->entries[index];
	struct mailbox_message message = { .uid = entry->number,
		.print = entry->print };
	enum mailbox_verdict verdict;
	pop3->answered++;
	if (!pop3->reply.is_ok) {
		pop3->n_refused++;
		pop3->refusal = mailbox_clean(mailbox, pop3->reply.line);
		entry->is_left = true;
		facts->is_all = false;
	} else {
		message.header = pop3->header.data;
		message.whole = is_whole ? message.header : NULL;
		facts->n_read += !is_whole;
		verdict = mailbox_hand_out(mailbox, &message);
		entry->is_left |= verdict == MAILBOX_OWN;
		if (verdict == MAILBOX_WHOLE && !is_whole)
			add_whole(pop3, index);
	}
	if (pop3->answered == pop3->next) {
		ask_some(mailbox);
		return;
	}
	begin_text(pop3);
	pop3_reply_init(&pop3->reply, true);
}

static void end_reading(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	struct mailbox_folder_facts *facts = mailbox_folder_at(mailbox, 0);
	uint64_t *seen = arena_array(
		mailbox->arena, pop3->n > 0 ? pop3->n : 1, sizeof(*seen));
	size_t n = 0;
	for (size_t i = 0; i < pop3->n; i++)
		if (!pop3->entries[i].is_left)
			seen[n++] = pop3->entries[i].print;
	qsort(seen, n, sizeof(*seen), compare);
	mailbox->facts.seen = seen;
	mailbox->facts.n_seen = n;
	facts->read.outcome = FLOW_DONE;
	if (pop3->n_refused > 0 && facts->n_read == 0) {
		facts->read.outcome = FLOW_TURNED_DOWN;
		facts->read.said = pop3->refusal;
		mailbox->facts.outcome = FLOW_TURNED_DOWN;
		mailbox->facts.said = pop3->refusal;
		mailbox->facts.last = MAILBOX_STEP_FETCH;
	}
	if (pop3->n_wanted > 0)
		mailbox_step_end(
			mailbox, facts->read.outcome, facts->read.said);
	mailbox_is_read(mailbox);
}

/* What was not asked for is for another run. */
static void leave_rest(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	bool is_whole = pop3->command == WHOLE;
	size_t *n = is_whole ? &pop3->n_wholes : &pop3->n_wanted;
	const size_t *which = is_whole ? pop3->wholes : pop3->wanted;
	for (size_t i = pop3->next; i < *n; i++)
		pop3->entries[which[i]].is_left = true;
	if (pop3->next < *n && !is_whole)
		mailbox_folder_at(mailbox, 0)->is_all = false;
	*n = pop3->next;
}

static void ask_some(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	struct text lines;
	size_t n, most;
	if (pop3->next > 0 && mailbox_is_late(mailbox))
		leave_rest(mailbox);
	if (pop3->command != WHOLE && pop3->next == pop3->n_wanted) {
		pop3->command = WHOLE;
		pop3->next = pop3->answered = 0;
	}
	n = pop3->command == WHOLE ? pop3->n_wholes : pop3->n_wanted;
	if (pop3->next == n) {
		end_reading(mailbox);
		return;
	}
	most = pop3->has_pipelining ? AT_ONCE : 1;
	text_init(&lines, COMMAND_MAX);
	for (; most > 0 && pop3->next < n; most--) {
		size_t entry = pop3->command == WHOLE
				       ? pop3->wholes[pop3->next++]
				       : pop3->wanted[pop3->next++];
		text_printf(&lines, "TOP %lu %d\r\n",
			(unsigned long)pop3->entries[entry].number,
			pop3->command == WHOLE ? WHOLE_LINES : 0);
	}
	mailbox_step_begin(mailbox, MAILBOX_STEP_FETCH);
	begin_text(pop3);
	say(mailbox, pop3->command, lines.data);
	text_release(&lines);
}

static void after_uidl(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	if (!pop3->reply.is_ok) {
		mailbox_fail(mailbox, FLOW_TURNED_DOWN, pop3->reply.line);
		return;
	}
	if (pop3->is_odd) {
		mailbox_fail(mailbox, FLOW_BROKEN,
			"sends a list of messages that can't be read");
		return;
	}
	mailbox_step_end(mailbox, FLOW_DONE, NULL);
	choose(mailbox);
	pop3->command = TOP;
	ask_some(mailbox);
}

/* -- deleting ------------------------------------------------------------ */

static void quit(struct mailbox *mailbox)
{
	mailbox_step_begin(mailbox, pop3_of(mailbox)->n_dead > 0
					    ? MAILBOX_STEP_DELETE
					    : MAILBOX_STEP_LOGOUT);
	say(mailbox, QUIT, "QUIT\r\n");
}

static void delete_some(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	size_t most = pop3->has_pipelining ? AT_ONCE : 1;
	struct text lines;
	if (pop3->next == pop3->n_dying) {
		quit(mailbox);
		return;
	}
	text_init(&lines, COMMAND_MAX);
	for (; most > 0 && pop3->next < pop3->n_dying; most--)
		text_printf(&lines, "DELE %lu\r\n",
			(unsigned long)pop3->dying[pop3->next++]);
	mailbox_step_begin(mailbox, MAILBOX_STEP_DELETE);
	say(mailbox, DELE, lines.data);
	text_release(&lines);
}

static void finish(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	pop3->dying = mailbox->doomed[0].ids;
	pop3->n_dying = mailbox->doomed[0].n;
	pop3->next = pop3->answered = 0;
	delete_some(mailbox);
}

static void after_dele(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	pop3->answered++;
	if (pop3->reply.is_ok)
		pop3->n_dead++;
	else
		pop3->refusal = mailbox_clean(mailbox, pop3->reply.line);
	if (pop3->answered == pop3->next)
		delete_some(mailbox);
	else
		pop3_reply_init(&pop3->reply, false);
}

/* It is QUIT that deletes. */
static void after_quit(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	struct mailbox_folder_facts *facts = mailbox_folder_at(mailbox, 0);
	bool is_fine = pop3->reply.is_ok;
	mailbox_step_end(mailbox, is_fine ? FLOW_DONE : FLOW_TURNED_DOWN,
		pop3->reply.line);
	mailbox->step = MAILBOX_STEP_LOGOUT;
	mailbox_step_end(mailbox, is_fine ? FLOW_DONE : FLOW_TURNED_DOWN, NULL);
	if (is_fine) {
		facts->n_deleted = pop3->n_dead;
		mailbox->doomed[0].n -= pop3->n_dead;
	} else {
		pop3->refusal = mailbox_clean(mailbox, pop3->reply.line);
	}
	mailbox_not_deleted(
		mailbox, 0, pop3->refusal != NULL ? pop3->refusal : "refused");
	mailbox_is_gone(mailbox);
}

/* -- what comes ---------------------------------------------------------- */

static void on_greeting(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	if (!pop3->reply.is_ok) {
		mailbox_fail(mailbox, FLOW_TURNED_DOWN, pop3->reply.line);
		return;
	}
	mailbox_step_end(mailbox, FLOW_DONE, pop3->reply.line);
	ask_capa(mailbox);
}

static void on_auth(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	if (!pop3->reply.is_more) {
		if (pop3->reply.is_ok)
			ask_uidl(mailbox);
		else
			refuse_login(mailbox);
		return;
	}
	if (pop3->payload != NULL) {
		say(mailbox, AUTH, pop3->payload);
		wipe_payload(pop3);
	} else if (mailbox_login_more(mailbox, pop3->reply.line)) {
		pop3_reply_init(&pop3->reply, false);
		mailbox_send(
			mailbox, mailbox->login->line, mailbox->login->len);
	} else {
		say(mailbox, AUTH, "*\r\n");
	}
}

/* A line of a reply of many. */
static void on_line(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	/* The first is the reply's own. */
	if (pop3->reply.n_lines == 0)
		return;
	if (pop3->command == CAPA)
		note_capability(pop3);
	else if (pop3->command == UIDL)
		note_entry(mailbox);
	else
		note_line(pop3);
}

static void on_end(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	bool is_ok = pop3->reply.is_ok;
	switch (pop3->command) {
	case GREETING:
		on_greeting(mailbox);
		return;
	case CAPA:
		pop3->has_caps = is_ok;
		after_capa(mailbox);
		return;
	case STLS:
		if (!is_ok) {
			mailbox_fail(
				mailbox, FLOW_TLS_FAILED, pop3->reply.line);
			return;
		}
		mailbox_step_end(mailbox, FLOW_DONE, NULL);
		mailbox_start_tls(mailbox);
		return;
	case AUTH:
		on_auth(mailbox);
		return;
	case USER:
		if (is_ok)
			send_secret(mailbox, PASS, mailbox->ask.secret);
		else
			refuse_login(mailbox);
		return;
	case PASS:
		if (is_ok)
			ask_uidl(mailbox);
		else
			refuse_login(mailbox);
		return;
	case UIDL:
		after_uidl(mailbox);
		return;
	case TOP:
	case WHOLE:
		end_message(mailbox);
		return;
	case DELE:
		after_dele(mailbox);
		return;
	case QUIT:
		after_quit(mailbox);
		return;
	}
}

static void take(struct mailbox *mailbox)
{
	struct pop3 *pop3 = pop3_of(mailbox);
	if (mailbox->is_fresh)
		mailbox_fail(
			mailbox, FLOW_BROKEN, "answers before it is asked");
	else if (pop3->reply.status == POP3_LINE)
		on_line(mailbox);
	else if (pop3->reply.is_more && pop3->command != AUTH)
		mailbox_fail(mailbox, FLOW_BROKEN,
			"asks for more where there is none");
	else
		on_end(mailbox);
}

const struct mailbox_protocol pop3_protocol = {
	.release = release,
	.begin = begin,
	.feed = feed,
	.take = take,
	.secured = secured,
	.finish = finish,
};
