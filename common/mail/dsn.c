/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a notification line by line. Of MIME (RFC 2046 section 5.1) it knows
 * as much as it needs: where a part begins, and of which kind it is.
 */
#include "config.h"

#include <string.h>

#include "common/core/text.h"
#include "common/mail/dsn.h"
#include "common/mail/piece.h"

enum {
	BOUNDARIES_MAX = 4, /* of multiparts in each other */
	BOUNDARY_MAX = 70,  /* bytes (RFC 2046 section 5.1.1) */
	FIELD_MAX = 4096,   /* bytes of a field, its lines in one */
};

static const char *const action_words[] = {
	[DSN_NO_ACTION] = "none",
	[DSN_EXPANDED] = "expanded",
	[DSN_RELAYED] = "relayed",
	[DSN_DELIVERED] = "delivered",
	[DSN_DELAYED] = "delayed",
	[DSN_FAILED] = "failed",
};

const char *dsn_action_word(unsigned action)
{
	return action < DSN_ACTIONS ? action_words[action] : NULL;
}

/* What the lines that come now are. */
enum place {
	PLACE_HEADER, /* of the message, or of a part */
	PLACE_STATUS, /* message/delivery-status */
	PLACE_RETURNED,
	PLACE_TEXT,
};

/* What is said of one recipient. */
struct group {
	enum dsn_action action;
	struct smtp_enhanced status;
	const char *remote, *recipient, *said;
};

struct reader {
	struct arena *arena;
	struct dsn *dsn;
	enum place place;
	enum place next; /* behind the header that is read */
	bool is_report;  /* multipart/report */
	bool is_qmail;
	const char *boundaries[BOUNDARIES_MAX];
	size_t n_boundaries;
	struct text field; /* the one that may go on in the next line */
	struct group group;
	/* Of the message that it answers, where nothing is returned. */
	bool has_answered;
	struct flow_token answered;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Behind the type of a name or a code: "dns; mx.example.org". */
static struct piece behind_type(struct piece value)
{
	const char *sign = memchr(value.at, ';', value.len);

	if (!sign)
		return value;
	value.len -= (size_t)(sign + 1 - value.at);
	value.at = sign + 1;
	return piece_trim(value);
}

/* Groups. */

static void end_group(struct reader *reader)
{
	struct dsn *dsn = reader->dsn;
	const struct group *group = &reader->group;

	if (group->action > dsn->action) {
		dsn->action = group->action;
		dsn->status = group->status;
		dsn->remote = group->remote;
		dsn->recipient = group->recipient;
		dsn->said = group->said;
	}
	reader->group = (struct group){ .action = DSN_NO_ACTION };
}

static enum dsn_action action_of(struct piece value)
{
	unsigned action;

	for (action = DSN_EXPANDED; action < DSN_ACTIONS; action++)
		/* A comment may follow. */
		if (piece_begins(value, action_words[action]))
			return (enum dsn_action)action;
	return DSN_NO_ACTION;
}

/* "5.1.1", with a comment behind it at times. */
static struct smtp_enhanced status_of(struct reader *reader, struct piece value)
{
	const char *text = piece_keep(reader->arena, value, DSN_WORD_MAX);
	const char *rest;
	uint16_t code = 250;

	if (*text == '4')
		code = 450;
	else if (*text == '5')
		code = 550;
	return smtp_enhanced_parse(code, text, &rest);
}

static void take_status_field(
	struct reader *reader, struct piece name, struct piece value)
{
	struct dsn *dsn = reader->dsn;
	struct group *group = &reader->group;

	if (piece_is(name, "Original-Envelope-Id") && !dsn->envid)
		dsn->envid = piece_keep(reader->arena, value, DSN_WORD_MAX);
	else if (piece_is(name, "Reporting-MTA") && !dsn->reporter)
		dsn->reporter = piece_keep(
			reader->arena, behind_type(value), DSN_WORD_MAX);
	else if (piece_is(name, "Action"))
		group->action = action_of(value);
	else if (piece_is(name, "Status"))
		group->status = status_of(reader, value);
	else if (piece_is(name, "Remote-MTA"))
		group->remote = piece_keep(
			reader->arena, behind_type(value), DSN_WORD_MAX);
	else if (piece_is(name, "Final-Recipient"))
		group->recipient = piece_keep(
			reader->arena, behind_type(value), DSN_WORD_MAX);
	else if (piece_is(name, "Diagnostic-Code"))
		group->said = piece_keep(
			reader->arena, behind_type(value), DSN_SAID_MAX);
}

/* Headers. */

/* The value of a parameter, with or without quotes; empty: there is none. */
static struct piece parameter(struct piece value, const char *name)
{
	struct piece out = { value.at, 0 };
	const char *at = memchr(value.at, ';', value.len);

	while (at) {
		const char *end = value.at + value.len;
		struct piece rest = piece_trim(
			(struct piece){ at + 1, (size_t)(end - at - 1) });

		at = memchr(rest.at, ';', rest.len);
		if (!piece_begins(rest, name) || rest.len <= strlen(name) ||
			rest.at[strlen(name)] != '=')
			continue;
		out.at = rest.at + strlen(name) + 1;
		if (out.at < end && *out.at == '"') {
			out.at++;
			while (out.at + out.len < end && out.at[out.len] != '"')
				out.len++;
			return out;
		}
		while (out.at + out.len < end && out.at[out.len] != ';' &&
			!is_blank(out.at[out.len]))
			out.len++;
		return out;
	}
	return out;
}

static void take_boundary(struct reader *reader, struct piece value)
{
	struct piece boundary = parameter(value, "boundary");

	if (boundary.len == 0 || boundary.len > BOUNDARY_MAX ||
		reader->n_boundaries == BOUNDARIES_MAX)
		return;
	reader->boundaries[reader->n_boundaries++] =
		arena_strndup(reader->arena, boundary.at, boundary.len);
}

static void take_type(struct reader *reader, struct piece value)
{
	static const struct {
		const char *type;
		enum place place;
	} types[] = { { "message/delivery-status", PLACE_STATUS },
		{ "message/global-delivery-status", PLACE_STATUS },
		{ "message/rfc822", PLACE_RETURNED },
		{ "message/global", PLACE_RETURNED },
		{ "text/rfc822-headers", PLACE_RETURNED } };
	size_t i;

	if (piece_begins(value, "multipart/")) {
		reader->is_report |= piece_begins(value, "multipart/report");
		take_boundary(reader, value);
	}
	reader->next = PLACE_TEXT;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (piece_begins(value, types[i].type)) {
			reader->next = types[i].place;
			return;
		}
}

/* RFC 5322 section 3.6.4; and some write its Subject into their own. */
static bool is_answering(struct piece name)
{
	return piece_is(name, "In-Reply-To") || piece_is(name, "References") ||
	       piece_is(name, "Subject");
}

/* The field that is complete now. */
static void end_field(struct reader *reader)
{
	struct text *field = &reader->field;
	const char *sign = strchr(field->data, ':');
	struct piece name, value;

	if (sign) {
		name = piece_trim((struct piece){
			field->data, (size_t)(sign - field->data) });
		value = piece_trim(
			(struct piece){ sign + 1, strlen(sign + 1) });
		if (reader->place == PLACE_STATUS)
			take_status_field(reader, name, value);
		else if (piece_is(name, "Content-Type"))
			take_type(reader, value);
		else if (is_answering(name) && !reader->has_answered)
			reader->has_answered =
				flow_token_find(sign, &reader->answered);
	}
	text_clear(field);
}

/* A line of fields: the field goes on, or another one begins. */
static void add_to_field(struct reader *reader, struct piece line)
{
	if (line.len > 0 && is_blank(*line.at) && reader->field.len > 0) {
		line = piece_trim(line);
		text_add(&reader->field, " ");
	} else {
		end_field(reader);
	}
	text_add_len(&reader->field, line.at, line.len);
}

/* Bodies. */

static void take_returned(struct reader *reader, struct piece line)
{
	struct dsn *dsn = reader->dsn;

	/* The first one: it is in the header, above all else. */
	if (!dsn->has_token)
		dsn->has_token = flow_token_find(
			arena_strndup(reader->arena, line.at, line.len),
			&dsn->token);
}

/* qmail's own form begins so, and returns the message below a line. */
static void take_text(struct reader *reader, struct piece line)
{
	struct dsn *dsn = reader->dsn;

	if (!reader->is_qmail) {
		if (piece_begins(line, "Hi. This is the "))
			reader->is_qmail = true;
		return;
	}
	if (piece_begins(line, "--- ")) {
		reader->place = PLACE_RETURNED;
		return;
	}
	line = piece_trim(line);
	if (line.len > 0 && *line.at == '<' && !dsn->recipient) {
		dsn->action = DSN_FAILED;
		dsn->recipient = piece_keep(reader->arena, line, DSN_WORD_MAX);
	} else if (line.len > 0 && dsn->recipient && !dsn->said) {
		dsn->said = piece_keep(reader->arena, line, DSN_SAID_MAX);
	}
}

/* "--boundary" and "--boundary--". */
static bool take_delimiter(struct reader *reader, struct piece line)
{
	size_t i;

	if (!piece_begins(line, "--"))
		return false;
	for (i = reader->n_boundaries; i > 0; i--) {
		const char *boundary = reader->boundaries[i - 1];
		size_t len = strlen(boundary);
		struct piece rest;

		if (line.len < len + 2 ||
			memcmp(line.at + 2, boundary, len) != 0)
			continue;
		rest = piece_trim((struct piece){
			line.at + 2 + len, line.len - 2 - len });
		if (rest.len > 0 && !piece_is(rest, "--"))
			continue;
		end_field(reader);
		end_group(reader);
		reader->n_boundaries = rest.len > 0 ? i - 1 : i;
		reader->next = PLACE_TEXT;
		reader->place = rest.len > 0 ? PLACE_TEXT : PLACE_HEADER;
		return true;
	}
	return false;
}

static void take_line(struct reader *reader, struct piece line)
{
	if (take_delimiter(reader, line))
		return;
	switch (reader->place) {
	case PLACE_HEADER:
		if (line.len > 0) {
			add_to_field(reader, line);
			return;
		}
		end_field(reader);
		reader->place = reader->next;
		break;
	case PLACE_STATUS:
		reader->dsn->is_notification |= reader->is_report;
		if (line.len > 0) {
			add_to_field(reader, line);
			return;
		}
		end_field(reader);
		end_group(reader);
		break;
	case PLACE_RETURNED:
		take_returned(reader, line);
		break;
	case PLACE_TEXT:
		take_text(reader, line);
		break;
	}
}

void dsn_read(struct arena *arena, const char *message, struct dsn *dsn)
{
	struct reader reader = { .arena = arena,
		.dsn = dsn,
		.place = PLACE_HEADER,
		.next = PLACE_TEXT };
	const char *end = message + strnlen(message, DSN_SIZE_MAX);

	*dsn = (struct dsn){ .is_notification = false };
	text_init(&reader.field, FIELD_MAX);
	while (message < end) {
		const char *eol =
			memchr(message, '\n', (size_t)(end - message));
		struct piece line = { message,
			(size_t)((eol ? eol : end) - message) };

		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		take_line(&reader, line);
		message = eol ? eol + 1 : end;
	}
	end_field(&reader);
	end_group(&reader);
	dsn->is_notification |= reader.is_qmail;
	if (!dsn->has_token && reader.has_answered) {
		dsn->has_token = true;
		dsn->token = reader.answered;
	}
	text_release(&reader.field);
}
