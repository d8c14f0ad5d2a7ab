/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user of check_mail_flow asked for, checked. */
#ifndef LIFELINE_MAILCLI_FLOW_SETUP_H
#define LIFELINE_MAILCLI_FLOW_SETUP_H

#include "common/dnsnet/resolver.h"
#include "common/mail/flow_facts.h"
#include "common/mailcli/flow_place.h"
#include "common/mailnet/flow_code.h"
#include "common/mailnet/mailbox.h"
#include "common/mailnet/submit.h"

enum flow_engine {
	FLOW_ENGINE_DEFAULT,
	FLOW_ENGINE_LIBESMTP,
	FLOW_ENGINE_DIALOGUE,
};

struct flow_folder {
	const char *name;
	bool is_junk; /* what arrives there was taken for that */
};

struct flow_setup {
	const char *instance;
	const char *from, *to;
	const char *helo, *ca_file, *authserv_id;
	bool takes_any_certificate;
	struct resolver_options resolver;

	/* Where probes go: to the exchangers in turn, else to the server. */
	const struct flow_place *vias;
	size_t n_vias;
	struct flow_place smtp;
	const char *smtp_name;
	enum submit_security smtp_security, via_security;
	enum submit_auth smtp_auth;
	const char *smtp_user, *smtp_secret;
	const char *smtp_wrong; /* why there is no secret; or NULL */
	enum flow_engine engine;
	bool wants_dsn;

	struct flow_place box;
	bool is_pop3;
	enum mailbox_security box_security;
	enum mailbox_auth box_auth;
	const char *box_user, *box_secret;
	const char *box_wrong;
	struct flow_folder folders[MAILBOX_FOLDERS_MAX];
	size_t n_folders; /* POP3: 0 */
	size_t pop3_scan;

	int64_t every_ms, wait_ms;
	struct flow_limits limits;
	int64_t cert_warning_s, cert_critical_s;
};

/* What all connections of a run share. */
struct flow_net {
	const struct flow_setup *setup;
	const uint8_t *key; /* FLOW_KEY_LEN bytes */
	struct arena *arena;
	struct loop *loop;
	struct resolver *resolver;
	struct tls_context *tls;
	int64_t start_us; /* of the run */
	int64_t end_us;   /* no later is anything waited for */
	int64_t start_ms; /* wall clock at start_us */
};

#endif
