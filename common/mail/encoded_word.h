/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text in a header that is not in ASCII (RFC 2047). */
#ifndef LIFELINE_MAIL_ENCODED_WORD_H
#define LIFELINE_MAIL_ENCODED_WORD_H

#include "common/core/text.h"

/*
 * Appends the value of a field with its encoded words decoded (section 2), and
 * without the blanks between two of them (section 6.2). The bytes are left in
 * whatever charset they are of; what is ASCII in it can be read. Control
 * characters become blanks. What is no encoded word stays as it is.
 */
void encoded_word_add(struct text *out, const char *value);

#endif
