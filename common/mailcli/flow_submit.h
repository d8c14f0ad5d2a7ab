/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The submission of the one probe of a run, from the name of the server on. */
#ifndef LIFELINE_MAILCLI_FLOW_SUBMIT_H
#define LIFELINE_MAILCLI_FLOW_SUBMIT_H

#include "common/mail/flow_token.h"
#include "common/mailcli/flow_setup.h"

struct flow_submit;

/* fn is called once, later, from the loop or from flow_submit_end(). way is
 * the exchanger that it is given to; NULL: the submission server. */
struct flow_submit *flow_submit_start(const struct flow_net *net,
	const struct flow_token *token, const struct flow_place *way,
	void (*fn)(void *arg), void *arg);

/* Ends it as timed out, unless it is over. True: it was not. */
bool flow_submit_end(struct flow_submit *submit);
bool flow_submit_is_over(const struct flow_submit *submit);

/* What it came to, once it is over. */
const struct flow_service *flow_submit_service(
	const struct flow_submit *submit);
/* Whether that is known, and then what of the probe. */
bool flow_submit_event(
	const struct flow_submit *submit, struct flow_event *event);
/* How the server called itself; or NULL. */
const char *flow_submit_host(const struct flow_submit *submit);

/* Gives back what it holds. */
void flow_submit_free(struct flow_submit *submit);

#endif
