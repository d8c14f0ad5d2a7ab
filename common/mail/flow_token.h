/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a probe of check_mail_flow carries to be known by, wherever it turns
 * up: whose it is, which one, when it was sent, and a code over these that
 * only who has the key can make (RFC 2104 with SHA-256, the left half of it:
 * RFC 4868). A token is all that is needed to count a probe whose sending
 * nobody remembers.
 *
 *   lp1.INSTANCE.SERIES-NUMBER.SENT.CODE
 *
 * It is one word, can stand on the left of a Message-ID (RFC 5322 section
 * 3.6.4), and survives where lines are folded, headers rewritten or a Subject
 * gets something in front.
 */
#ifndef LIFELINE_MAIL_FLOW_TOKEN_H
#define LIFELINE_MAIL_FLOW_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/text.h"

enum {
	FLOW_INSTANCE_MAX = 64,
	FLOW_CODE_LEN = 16,
	FLOW_TOKEN_MAX = 160, /* bytes of a token as text */
	FLOW_ENVID_MAX = 100,
};

#define FLOW_HEADER "X-Lifeline-Probe"

/* The largest series, number or time: JSON holds no larger ones. */
static const int64_t flow_number_max = (INT64_C(1) << 53) - 1;

struct flow_token {
	char instance[FLOW_INSTANCE_MAX + 1];
	/* A series begins anew, at 1, with each ledger. */
	uint64_t series, number;
	int64_t sent_ms; /* since 1970, by the clock of who sent it */
	uint8_t code[FLOW_CODE_LEN];
};

/* Letters, digits, '-' and '_', and single dots inside; at most
 * FLOW_INSTANCE_MAX. */
bool flow_instance_check(const char *instance);

/* Appends all in front of the code, which is what the code is over; or all. */
void flow_token_add_signed(struct text *out, const struct flow_token *token);
void flow_token_add(struct text *out, const struct flow_token *token);

/*
 * Reads len bytes that are a token and nothing else, in exactly the form that
 * flow_token_add() gives them. The code is read and not verified.
 */
bool flow_token_parse(const char *s, size_t len, struct flow_token *token);

/*
 * The same as an envelope's identifier (RFC 3461 section 4.4), which has 100
 * bytes at most: without the instance, which who reads it has to know.
 *
 *   lpe1.SERIES-NUMBER.SENT.CODE
 */
void flow_envid_add(struct text *out, const struct flow_token *token);
bool flow_envid_parse(
	const char *s, const char *instance, struct flow_token *token);

/* The first token in a text: a header's field, a part of a bounce. */
bool flow_token_find(const char *text, struct flow_token *token);

#endif
