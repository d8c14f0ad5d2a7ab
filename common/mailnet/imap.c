/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the greeting to the login, and the logout. One command at a time. No
 * word of a server counts that came before it was asked: each tagged answer
 * must have been read after its command went out.
 */
#include "config.h"

#include "common/mailnet/imap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	LINE_ARENA = 2 * 1024 * 1024,
	COMMAND_MAX = 24 * 1024,
};

void *imap_new(struct arena *arena)
{
	struct imap *imap = arena_alloc(arena, sizeof(*imap));
	imap_response_init(&imap->response);
	return imap;
}

static void drop_parts(struct imap *imap)
{
	for (size_t i = 0; i < imap->n_parts; i++) {
		submit_auth_wipe(imap->parts[i], strlen(imap->parts[i]));
		free(imap->parts[i]);
	}
	imap->n_parts = imap->part = 0;
}

static void release(struct mailbox *mailbox)
{
	drop_parts(imap_of(mailbox));
	imap_response_release(&imap_of(mailbox)->response);
}

static void begin(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	imap_response_clear(&imap->response);
	imap->command = IMAP_GREETING;
	imap->has_caps = false;
}

static enum mailbox_feed feed(struct mailbox *mailbox, const uint8_t *bytes,
	size_t len, size_t *used, const char **why)
{
	struct imap_response *response = &imap_of(mailbox)->response;
	enum imap_status status =
		imap_response_feed(response, bytes, len, used);
	*why = response->why;
	if (status == IMAP_MORE)
		return MAILBOX_FEED_MORE;
	return status == IMAP_WHOLE ? MAILBOX_FEED_TAKE : MAILBOX_FEED_WRONG;
}

/* -- commands ------------------------------------------------------------ */

static void wipe_text(struct text *text)
{
	submit_auth_wipe(text->data, text->len);
	text_release(text);
}

void imap_say(
	struct mailbox *mailbox, enum imap_command command, const char *words)
{
	struct imap *imap = imap_of(mailbox);
	struct text line;
	imap->command = command;
	text_init(&line, COMMAND_MAX);
	text_printf(&line, "a%u", ++imap->n_tags);
	memcpy(imap->tag, line.data, line.len + 1);
	text_add(&line, " ");
	text_add(&line, words);
	text_add(&line, "\r\n");
	mailbox_send(mailbox, line.data, line.len);
	wipe_text(&line);
}

static void add_part(struct imap *imap, struct text *text)
{
	imap->parts[imap->n_parts++] = mem_strndup(text->data, text->len);
	submit_auth_wipe(text->data, text->len);
	text_clear(text);
}

void imap_log_out(struct mailbox *mailbox)
{
	mailbox_step_begin(mailbox, MAILBOX_STEP_LOGOUT);
	imap_say(mailbox, IMAP_LOGOUT, "LOGOUT");
}

static void ask_capability(struct mailbox *mailbox, enum imap_command command)
{
	mailbox_step_begin(mailbox, MAILBOX_STEP_CAPABILITY);
	imap_of(mailbox)->has_caps = false;
	imap_say(mailbox, command, "CAPABILITY");
}

/* -- capabilities -------------------------------------------------------- */

static void read_capability(struct imap *imap, const char *list)
{
	static const char prefix[] = "AUTH=";
	struct text sasl;
	text_init(&sasl, IMAP_SASL_MAX - 1);
	imap->has_caps = true;
	imap->has_starttls = imap_has_word(list, "STARTTLS");
	imap->has_no_login = imap_has_word(list, "LOGINDISABLED");
	imap->has_ir = imap_has_word(list, "SASL-IR");
	imap->has_uidplus = imap_has_word(list, "UIDPLUS") ||
			    imap_has_word(list, "IMAP4rev2");
	while (*list != '\0') {
		size_t len = strcspn(list, " ");
		if (len > strlen(prefix) &&
			strncasecmp(list, prefix, strlen(prefix)) == 0) {
			text_add_len(&sasl, list + strlen(prefix),
				len - strlen(prefix));
			text_add(&sasl, " ");
		}
		list += len + (list[len] == ' ');
	}
	memcpy(imap->sasl, sasl.data, sasl.len + 1);
	text_release(&sasl);
}

static void note_capability(struct imap *imap, const struct imap_line *line)
{
	static const char word[] = "CAPABILITY ";
	if (line->kind == IMAP_CAPABILITY)
		read_capability(imap, line->text);
	else if (line->code != NULL &&
		 strncasecmp(line->code, word, strlen(word)) == 0)
		read_capability(imap, line->code + strlen(word));
}

/* -- login --------------------------------------------------------------- */

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* A quoted string where that may hold it, else a literal, which the server
 * has to ask for. */
static void add_string(struct imap *imap, struct text *line, const char *s)
{
	if (is_ascii(s)) {
		imap_add_quoted(line, s);
		return;
	}
	text_printf(line, "{%zu}\r\n", strlen(s));
	add_part(imap, line);
	text_add(line, s);
}

static void send_part(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	char *part = imap->parts[imap->part++];
	mailbox_send_text(mailbox, part);
}

static void begin_line(struct imap *imap, struct text *line)
{
	/* All the room at once: where it grows it would leave secrets behind. */
	text_init(line, COMMAND_MAX);
	text_printf(line, "%*s", COMMAND_MAX, "");
	text_clear(line);
	text_printf(line, "a%u", ++imap->n_tags);
	memcpy(imap->tag, line->data, line->len + 1);
	imap->command = IMAP_LOGIN;
	/* None of what was told before holds behind it. */
	imap->has_caps = false;
	drop_parts(imap);
}

static void log_in_plainly(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	struct text line;
	if (imap->has_no_login) {
		mailbox_fail(mailbox, FLOW_LOGIN_FAILED,
			"takes no password here (LOGINDISABLED)");
		return;
	}
	mailbox->facts.mechanism = "LOGIN";
	imap->says_login = true;
	begin_line(imap, &line);
	text_add(&line, " LOGIN ");
	add_string(imap, &line, mailbox->ask.user);
	text_add(&line, " ");
	add_string(imap, &line, mailbox->ask.secret);
	text_add(&line, "\r\n");
	add_part(imap, &line);
	wipe_text(&line);
	send_part(mailbox);
}

/* "AUTH NAME CODED" is "AUTHENTICATE NAME CODED" here; without SASL-IR the
 * last word goes when it is asked for (RFC 4959). */
static void log_in_by_sasl(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	const struct submit_login *login = mailbox_login_line(mailbox);
	const char *name = login->line + strlen("AUTH ");
	size_t len = strcspn(name, " ");
	struct text line;
	imap->says_login = false;
	begin_line(imap, &line);
	text_add(&line, " AUTHENTICATE ");
	if (imap->has_ir) {
		text_add_len(&line, login->line + strlen("AUTH "),
			login->len - strlen("AUTH "));
	} else {
		text_add_len(&line, name, len);
		text_add(&line, "\r\n");
		add_part(imap, &line);
		name += len + 1;
		text_add_len(
			&line, name, login->len - (size_t)(name - login->line));
	}
	add_part(imap, &line);
	wipe_text(&line);
	send_part(mailbox);
}

static void log_in(struct mailbox *mailbox)
{
	const char *why;
	mailbox_step_begin(mailbox, MAILBOX_STEP_LOGIN);
	if (mailbox_choose_login(mailbox, imap_of(mailbox)->sasl, &why))
		log_in_by_sasl(mailbox);
	else if (why != NULL)
		mailbox_fail(mailbox, FLOW_LOGIN_FAILED, why);
	else
		log_in_plainly(mailbox);
}

static void on_continue(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	if (imap->command != IMAP_LOGIN || mailbox->is_fresh) {
		mailbox_fail(mailbox, FLOW_BROKEN,
			"asks for more where there is none");
		return;
	}
	if (imap->part < imap->n_parts)
		send_part(mailbox);
	else if (!imap->says_login && mailbox_login_more(mailbox, line->text))
		mailbox_send(
			mailbox, mailbox->login->line, mailbox->login->len);
	else
		mailbox_send_text(mailbox, "*\r\n");
}

/* -- what comes ---------------------------------------------------------- */

static const char *said_of(
	const struct mailbox *mailbox, const struct imap_line *line)
{
	if (line->text == NULL)
		return NULL;
	return line->code == NULL ? line->text
				  : arena_printf(mailbox->arena, "[%s] %s",
					    line->code, line->text);
}

static void go_on(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	if (mailbox->ask.security != MAILBOX_STARTTLS ||
		mailbox->connection.tls != NULL) {
		log_in(mailbox);
	} else if (!imap->has_starttls) {
		mailbox_step_begin(mailbox, MAILBOX_STEP_STARTTLS);
		mailbox_fail(
			mailbox, FLOW_TLS_FAILED, "does not offer STARTTLS");
	} else {
		mailbox_step_begin(mailbox, MAILBOX_STEP_STARTTLS);
		imap_say(mailbox, IMAP_STARTTLS, "STARTTLS");
	}
}

static void on_greeting(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	const char *said = said_of(mailbox, line);
	if (line->kind == IMAP_BYE && line->tag == NULL) {
		mailbox_fail(mailbox, FLOW_TURNED_DOWN, said);
		return;
	}
	if (line->tag != NULL ||
		(line->kind != IMAP_OK && line->kind != IMAP_PREAUTH)) {
		mailbox_fail(mailbox, FLOW_BROKEN, "does not greet as IMAP");
		return;
	}
	mailbox_step_end(mailbox, FLOW_DONE, said);
	if (line->kind == IMAP_PREAUTH &&
		mailbox->ask.security == MAILBOX_STARTTLS) {
		/* STARTTLS is not permitted any more: somebody takes care that
		 * all goes in plain text. */
		mailbox_step_begin(mailbox, MAILBOX_STEP_STARTTLS);
		mailbox_fail(mailbox, FLOW_TLS_FAILED,
			"has logged us in before TLS (PREAUTH)");
	} else if (line->kind == IMAP_PREAUTH) {
		ask_capability(mailbox, IMAP_ASK_AGAIN);
	} else if (imap->has_caps) {
		go_on(mailbox);
	} else {
		ask_capability(mailbox, IMAP_ASK_CAPABILITY);
	}
}

static void secured(struct mailbox *mailbox)
{
	/* What was said before TLS may have been anybody's words (RFC 9051
	 * section 6.2.1). */
	ask_capability(mailbox, IMAP_ASK_CAPABILITY);
}

static void after_login(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	const char *said = said_of(mailbox, line);
	drop_parts(imap);
	if (line->kind != IMAP_OK) {
		mailbox_fail(mailbox,
			mailbox_is_login_failure(line->code) ? FLOW_LOGIN_FAILED
							     : FLOW_TURNED_DOWN,
			said);
		return;
	}
	mailbox_step_end(mailbox, FLOW_DONE, said);
	mailbox_login_wipe(mailbox);
	if (imap->has_caps)
		imap_read_folders(mailbox);
	else
		ask_capability(mailbox, IMAP_ASK_AGAIN);
}

static void on_tagged(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	bool is_fine = line->kind == IMAP_OK;
	const char *said = said_of(mailbox, line);
	switch ((unsigned)imap->command) {
	case IMAP_ASK_CAPABILITY:
	case IMAP_ASK_AGAIN:
		if (!is_fine || !imap->has_caps) {
			mailbox_fail(mailbox,
				is_fine ? FLOW_BROKEN : FLOW_TURNED_DOWN,
				is_fine ? "tells no capabilities" : said);
			return;
		}
		mailbox_step_end(mailbox, FLOW_DONE, NULL);
		if (imap->command == IMAP_ASK_CAPABILITY)
			go_on(mailbox);
		else
			imap_read_folders(mailbox);
		return;
	case IMAP_STARTTLS:
		if (!is_fine) {
			mailbox_fail(mailbox, FLOW_TLS_FAILED, said);
			return;
		}
		mailbox_step_end(mailbox, FLOW_DONE, NULL);
		mailbox_start_tls(mailbox);
		return;
	case IMAP_LOGIN:
		after_login(mailbox, line);
		return;
	case IMAP_LOGOUT:
		mailbox_step_end(
			mailbox, is_fine ? FLOW_DONE : FLOW_TURNED_DOWN, NULL);
		mailbox_is_gone(mailbox);
		return;
	default:
		imap_folder_end(mailbox, line);
		return;
	}
}

static void on_line(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	if (imap->command == IMAP_GREETING) {
		on_greeting(mailbox, line);
	} else if (line->tag != NULL &&
		   (line->kind == IMAP_OTHER ||
			   strcmp(line->tag, imap->tag) != 0)) {
		mailbox_fail(mailbox, FLOW_BROKEN,
			"sends an answer to what was not asked");
	} else if (line->tag != NULL && mailbox->is_fresh) {
		mailbox_fail(
			mailbox, FLOW_BROKEN, "answers before it is asked");
	} else if (line->tag != NULL) {
		on_tagged(mailbox, line);
	} else if (line->kind == IMAP_CONTINUE) {
		on_continue(mailbox, line);
	} else if (line->kind == IMAP_BYE && imap->command != IMAP_LOGOUT) {
		mailbox_fail(mailbox, FLOW_TURNED_DOWN, said_of(mailbox, line));
	} else {
		imap_folder_line(mailbox, line);
	}
}

static void take(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	struct arena *arena = arena_new(LINE_ARENA);
	struct imap_line line;
	imap_read_line(arena, &imap->response, &line);
	note_capability(imap, &line);
	on_line(mailbox, &line);
	imap_response_clear(&imap->response);
	arena_free(arena);
}

const struct mailbox_protocol imap_protocol = {
	.release = release,
	.begin = begin,
	.feed = feed,
	.take = take,
	.secured = secured,
	.finish = imap_delete,
};
