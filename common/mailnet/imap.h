/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A dialogue by IMAP: what its parts share. */
#ifndef LIFELINE_MAILNET_IMAP_H
#define LIFELINE_MAILNET_IMAP_H

#include "common/core/text.h"
#include "common/mailnet/imap_response.h"
#include "common/mailnet/mailbox_core.h"

enum imap_command {
	IMAP_GREETING,
	IMAP_ASK_CAPABILITY,
	IMAP_STARTTLS,
	IMAP_LOGIN,
	IMAP_ASK_AGAIN, /* CAPABILITY, after the login */
	IMAP_SELECT,
	IMAP_DO_SEARCH,
	IMAP_LOOK, /* at the newest */
	IMAP_DO_FETCH,
	IMAP_WHOLES,
	IMAP_SELECT_AGAIN, /* to delete */
	IMAP_STORE,
	IMAP_DO_EXPUNGE,
	IMAP_LOGOUT,
};

enum {
	IMAP_SASL_MAX = 512,
	IMAP_PARTS_MAX = 3,
};

struct imap {
	struct imap_response response;
	enum imap_command command; /* in hand */
	unsigned n_tags;
	char tag[16];
	/* Of the capabilities that were told last. */
	bool has_caps, has_starttls, has_no_login, has_ir, has_uidplus;
	char sasl[IMAP_SASL_MAX]; /* mechanisms */
	/* A command with literals: what is to be sent at the next "+". */
	char *parts[IMAP_PARTS_MAX];
	size_t n_parts, part;
	bool says_login; /* LOGIN itself, without SASL */

	/* The folder in hand. */
	size_t folder;
	size_t selected; /* + 1; 0: none is */
	bool is_read_only;
	uint32_t from;           /* the first that is looked at */
	struct mailbox_ids uids; /* found, in ascending order */
	bool *has_come;          /* of them */
	/* Of the search; of SELECT: how many messages there are. */
	bool has_result;
	bool has_failed; /* it was turned down */
	size_t n_asked;  /* of uids, those that were asked for so far */
	struct mailbox_ids wholes;
	size_t n_wholes_come;
	size_t n_looked; /* of the newest, that came */
	bool is_cut;     /* something that was asked for is missing */
	bool is_short;   /* more was found than is read at once */
	uint32_t unread; /* the first that is left for later runs; 0: none */
	size_t n_stored; /* of those that are doomed */
};

static inline struct imap *imap_of(struct mailbox *mailbox)
{
	return mailbox->own;
}

/* Says a command, with a tag in front and a line end behind. */
void imap_say(
	struct mailbox *mailbox, enum imap_command command, const char *text);

/* The folders, one after the other; then the caller is called. */
void imap_read_folders(struct mailbox *mailbox);
/* What is doomed in them; then logs out. */
void imap_delete(struct mailbox *mailbox);
void imap_log_out(struct mailbox *mailbox);

/* What comes while a folder is in hand: untagged, and at the end. */
void imap_folder_line(struct mailbox *mailbox, const struct imap_line *line);
void imap_folder_end(struct mailbox *mailbox, const struct imap_line *line);

/* A folder's name as a quoted string (RFC 3501 section 5.1.3). */
void imap_add_folder(struct text *out, const char *name);
/* A quoted string; s has no line end. */
void imap_add_quoted(struct text *out, const char *s);
/* "1:3,7" of numbers in ascending order, as many as fit; how many did. */
size_t imap_add_set(struct text *out, const uint32_t *ids, size_t n);

#endif
