/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts of check_mx as fixtures have them: a member "mx", in which all that is
 * left out is as a healthy domain has it. Beside the members that mx_read()
 * knows it has:
 *
 * "exchangers"  each with "addrs" (texts); left out: mx1.example.org and
 *               mx2.example.net, of two addresses each
 * "is_signed"   the DNS of all of it is secure, not insecure
 * "policy"      the text of a policy of MTA-STS, its record is sound
 * "each"        what differs at each address
 * "but"         what differs at one, by its text or its exchanger's name
 *
 * What differs: a step's name, with the reply that it got ("550 5.1.1 no such
 * user"), what became of it ("timed_out"), or null for STARTTLS that is not
 * offered, and nothing behind it is done; "cert", members of the certificate;
 * "session" and "as_number" as mx_read() knows them.
 */
#ifndef LIFELINE_TESTS_MX_SHORT_H
#define LIFELINE_TESTS_MX_SHORT_H

#include "mx_read.h"

/* As mx_read(), of the short form or of what --facts prints. */
const char *mx_short_read(struct arena *arena, json_t *facts, struct mx *mx);

#endif
