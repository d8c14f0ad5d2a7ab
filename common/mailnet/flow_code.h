/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The code of a probe's token: HMAC-SHA-256 (RFC 2104), its left half. */
#ifndef LIFELINE_MAILNET_FLOW_CODE_H
#define LIFELINE_MAILNET_FLOW_CODE_H

#include "common/mail/flow_token.h"

enum {
	FLOW_KEY_LEN = 32,
	FLOW_KEY_ID_TEXT = 17, /* 16 digits and NUL */
};

/* Fills in the code. */
void flow_token_sign(struct flow_token *token, const uint8_t key[FLOW_KEY_LEN]);

/* Whether who made the code has the key; in the same time for all codes. */
bool flow_token_verify(
	const struct flow_token *token, const uint8_t key[FLOW_KEY_LEN]);

/* What a key can be named by without telling anything of it. */
void flow_key_id(const uint8_t key[FLOW_KEY_LEN], char id[FLOW_KEY_ID_TEXT]);

#endif
