/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What IMAP and POP3 have in common, for these alone. */
#ifndef LIFELINE_MAILNET_MAILBOX_CORE_H
#define LIFELINE_MAILNET_MAILBOX_CORE_H

#include "common/core/text.h"
#include "common/mailnet/connection.h"
#include "common/mailnet/mailbox.h"
#include "common/mailnet/submit_auth.h"

enum mailbox_feed {
	MAILBOX_FEED_MORE,
	MAILBOX_FEED_TAKE,  /* something may be taken */
	MAILBOX_FEED_WRONG, /* it is not the protocol: why says so */
};

/* A protocol's part; each call may end the connection. */
struct mailbox_protocol {
	void (*release)(struct mailbox *mailbox);
	/* A connection begins, of which nothing is known. */
	void (*begin)(struct mailbox *mailbox);
	/* Reads up to the end of what can be taken. */
	enum mailbox_feed (*feed)(struct mailbox *mailbox, const uint8_t *bytes,
		size_t len, size_t *used, const char **why);
	void (*take)(struct mailbox *mailbox);
	/* TLS is up that was asked for by a command. */
	void (*secured)(struct mailbox *mailbox);
	/* Deletes what is to be deleted, then logs out. */
	void (*finish)(struct mailbox *mailbox);
};

enum mailbox_phase {
	MAILBOX_CONNECTING,
	MAILBOX_SHAKING_HANDS,
	MAILBOX_TALKING,
};

enum mailbox_stage {
	MAILBOX_READS,
	MAILBOX_WAITS, /* for the caller */
	MAILBOX_FINISHES,
	MAILBOX_GONE,
};

/* Grows in the arena. */
struct mailbox_ids {
	uint32_t *ids;
	size_t n, cap;
};

struct mailbox {
	struct arena *arena;
	struct loop *loop;
	struct mailbox_options options;
	struct mailbox_ask ask;
	struct mailbox_calls calls;
	struct mailbox_facts facts;
	const struct mailbox_protocol *protocol;
	void *own; /* the protocol's */

	struct connection connection;
	enum mailbox_phase phase;
	enum mailbox_stage stage;
	struct loop_timer timer;
	size_t next_address;
	enum mailbox_step_id step;
	int64_t step_us;
	char *out; /* to be sent; wiped after it */
	size_t out_len, n_sent;
	/* Behind what is taken, something more has come. */
	bool has_surplus;
	/* A command went out since bytes were read last: what is in hand is
	 * no answer to it. */
	bool is_fresh;
	bool has_ended; /* the connection */

	/* What SASL says is the same as in SMTP. */
	struct submit_ask who;
	struct submit_login *login; /* wiped after it */

	/* By folder: what was called own, and what is to be deleted of it. */
	struct mailbox_ids own_ids[MAILBOX_FOLDERS_MAX];
	struct mailbox_ids doomed[MAILBOX_FOLDERS_MAX];
};

extern const struct mailbox_protocol imap_protocol, pop3_protocol;
/* Makes the protocol's own. */
void *imap_new(struct arena *arena);
void *pop3_new(struct arena *arena);

void mailbox_ids_add(struct arena *arena, struct mailbox_ids *ids, uint32_t id);
bool mailbox_ids_have(const struct mailbox_ids *ids, uint32_t id);

/* Begins a step, and the time that it has. */
void mailbox_step_begin(struct mailbox *mailbox, enum mailbox_step_id step);
/* Whether what is left has to be read in another run. */
bool mailbox_is_late(const struct mailbox *mailbox);
/* Notes what it came to; said is cleaned. */
void mailbox_step_end(
	struct mailbox *mailbox, enum flow_outcome outcome, const char *said);
/* The same, and the connection ends here. */
void mailbox_fail(
	struct mailbox *mailbox, enum flow_outcome outcome, const char *said);
/* All is read; or all is said. */
void mailbox_is_read(struct mailbox *mailbox);
void mailbox_is_gone(struct mailbox *mailbox);

/* Copies and sends. */
void mailbox_send(struct mailbox *mailbox, const char *bytes, size_t len);
void mailbox_send_text(struct mailbox *mailbox, const char *text);
void mailbox_start_tls(struct mailbox *mailbox);

/* Harmless and bounded; without what would tell the secret. */
const char *mailbox_clean(struct mailbox *mailbox, const char *said);

/* The mechanism of SASL, of these words; false: none, and a password is to be
 * given by the protocol's own command, or *why it can't be. */
bool mailbox_choose_login(
	struct mailbox *mailbox, const char *offered, const char **why);
/* Makes the first line, "AUTH NAME CODED" with its end. */
const struct submit_login *mailbox_login_line(struct mailbox *mailbox);
/* The server asks for more: decodes what it says, makes the next line. False:
 * there is none. */
bool mailbox_login_more(struct mailbox *mailbox, const char *challenge);
void mailbox_login_wipe(struct mailbox *mailbox);
/* Whether a refusal with this code is of the account: else of the server. */
bool mailbox_is_login_failure(const char *code);

struct mailbox_folder_facts *mailbox_folder_at(
	struct mailbox *mailbox, size_t folder);
/* Calls the caller and remembers what is own. */
enum mailbox_verdict mailbox_hand_out(
	struct mailbox *mailbox, const struct mailbox_message *message);
/* What of this folder is to be deleted can't be. */
void mailbox_not_deleted(
	struct mailbox *mailbox, size_t folder, const char *why);

#endif
