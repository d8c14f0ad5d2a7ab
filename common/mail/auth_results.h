/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the receiving server found out about who sent a message (RFC 8601). */
#ifndef LIFELINE_MAIL_AUTH_RESULTS_H
#define LIFELINE_MAIL_AUTH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

enum auth_result {
	AUTH_ABSENT, /* nothing is said of it */
	AUTH_NONE,
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_SOFTFAIL,
	AUTH_NEUTRAL,
	AUTH_POLICY,
	AUTH_TEMPERROR,
	AUTH_PERMERROR,
	AUTH_OTHER, /* a word that is none of these */
	AUTH_RESULTS,
};
const char *auth_result_word(unsigned result); /* NULL: no such result */

struct auth_results {
	size_t n_fields; /* of the own server */
	/* SPF of the envelope's sender; DKIM's is the best of all signatures
	 * of one field. */
	enum auth_result spf, dkim, dmarc;
};

/*
 * Adds what the value of one Authentication-Results field says, folded or not,
 * where its author is authserv_id, in any case of letters: all others may be
 * forged. "" is the author of fields that name none. Fields come in the order
 * of the header; of each method the first one counts that has it: those below
 * may have come with the message.
 */
void auth_results_add(struct auth_results *results, const char *value,
	const char *authserv_id);

#endif
