/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a mailbox as check_mail_flow does, and tells the facts, one a line:
 *
 *   read_mailbox imap|pop3 plain|starttls|tls ADDRESS PORT HOST CA_FILE
 *                USER SECRET INSTANCE keep|delete [FOLDER[=VALIDITY/LAST]...]
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/core/num.h"
#include "common/mailnet/mailbox.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	OWN_MAX = 8000,
	ARGS = 11,
	S = 1000 * 1000,
};

struct run {
	struct loop *loop;
	struct mailbox_id own[OWN_MAX];
	size_t n_own, n_messages;
	const char *token;
};

static enum mailbox_verdict on_message(
	void *arg, const struct mailbox_message *message)
{
	struct run *run = arg;
	run->n_messages++;
	if (strstr(message->header, run->token) == NULL ||
		run->n_own == OWN_MAX)
		return MAILBOX_FOREIGN;
	run->own[run->n_own++] =
		(struct mailbox_id){ message->folder, message->uid };
	return MAILBOX_OWN;
}

static void on_end(void *arg, const struct mailbox_facts *facts)
{
	struct run *run = arg;
	(void)facts;
	loop_stop(run->loop);
}

static void tell(const struct run *run, const struct mailbox_facts *facts)
{
	(void)printf(
		"outcome=%s\n", facts->outcome == FLOW_DONE
					? "done"
					: flow_outcome_text(facts->outcome));
	(void)printf("last=%s\n", mailbox_step_word(facts->last));
	(void)printf("said=%s\n", facts->said != NULL ? facts->said : "");
	(void)printf("trusted=%d\n", facts->trust == MAILBOX_TRUSTED);
	(void)printf("mechanism=%s\n",
		facts->mechanism != NULL ? facts->mechanism : "");
	(void)printf("certificates=%zu\n", facts->tls.n_certs);
	(void)printf("messages=%zu\nown=%zu\n", run->n_messages, run->n_own);
	(void)printf("round_trips=%u\n", facts->n_round_trips);
	(void)printf("seen=%zu\n", facts->n_seen);
	for (size_t i = 0; i < facts->n_folders; i++) {
		const struct mailbox_folder_facts *folder = &facts->folders[i];
		(void)printf("%zu.exists=%lu\n%zu.found=%zu\n%zu.all=%d\n", i,
			(unsigned long)folder->exists, i, folder->n_found, i,
			folder->is_all);
		(void)printf("%zu.looked=%d\n%zu.left_out=%zu\n", i,
			folder->is_looked, i, folder->n_left_out);
		(void)printf("%zu.deleted=%zu\n%zu.undeleted=%zu\n", i,
			folder->n_deleted, i, folder->n_undeleted);
		(void)printf("%zu.remember=%lu/%lu\n", i,
			(unsigned long)folder->uid_validity,
			(unsigned long)folder->settled_uid);
	}
	for (unsigned i = 0; i < MAILBOX_STEPS; i++)
		(void)printf("ms.%s=%lld\n", mailbox_step_word(i),
			(long long)(facts->steps[i].took_us / 1000));
}

static void read_folder(char *word, struct mailbox_folder *folder)
{
	char *known = strchr(word, '=');
	folder->name = word;
	if (known == NULL)
		return;
	*known++ = '\0';
	folder->uid_validity = (uint32_t)strtoul(known, &known, 10);
	folder->last_uid = (uint32_t)strtoul(known + 1, NULL, 10);
}

/* Until the call that is due was made. */
static void run_on(struct run *run, struct mailbox *mailbox)
{
	if (loop_run(run->loop) != LOOP_STOPPED)
		mailbox_stop(mailbox);
}

static enum mailbox_security security_of(const char *word)
{
	if (strcmp(word, "tls") == 0)
		return MAILBOX_TLS;
	return strcmp(word, "starttls") == 0 ? MAILBOX_STARTTLS : MAILBOX_PLAIN;
}

static int visit(struct arena *arena, char **argv, int argc)
{
	static struct run run;
	struct mailbox_folder folders[MAILBOX_FOLDERS_MAX] = { 0 };
	struct dns_addr addr;
	const char *why = NULL;
	int64_t now = clock_mono_us();
	struct tls_context *tls = tls_context_new(argv[6]);
	struct mailbox_options options = { .tls = tls,
		.start_us = now,
		.connect_us = 20 * S,
		.greeting_us = 20 * S,
		.step_us = 20 * S,
		.long_us = 60 * S };
	struct mailbox_ask ask = { .is_pop3 = strcmp(argv[1], "pop3") == 0,
		.security = security_of(argv[2]),
		.addrs = &addr,
		.n_addrs = 1,
		.port = (uint16_t)strtoul(argv[4], NULL, 10),
		.host = argv[5],
		.user = argv[7],
		.secret = argv[8],
		.may_bare_secret = true,
		.instance = argv[9],
		.is_first = true };
	struct mailbox_calls calls = { on_message, on_end, on_end, &run };
	struct mailbox *mailbox;
	if (!dns_addr_parse(argv[3], &addr) || tls == NULL)
		return 2;
	for (int i = ARGS; i < argc && i < ARGS + MAILBOX_FOLDERS_MAX; i++)
		read_folder(argv[i], &folders[ask.n_folders++]);
	ask.folders = folders;
	run.token = arena_printf(arena, "lp1.%s.", argv[9]);
	run.loop = loop_new(now + 120 * (int64_t)S);
	mailbox = mailbox_new(arena, run.loop, &options, &ask, &why);
	if (mailbox == NULL) {
		(void)printf("wrong=%s\n", why);
		return 2;
	}
	mailbox_start(mailbox, &calls);
	run_on(&run, mailbox);
	calls.arg = &run;
	tell(&run, mailbox_facts(mailbox));
	if (strcmp(argv[10], "delete") != 0)
		run.n_own = 0;
	mailbox_finish(mailbox, run.own, run.n_own);
	if (!mailbox_is_over(mailbox))
		run_on(&run, mailbox);
	(void)printf("-- after\n");
	tell(&run, mailbox_facts(mailbox));
	mailbox_free(mailbox);
	loop_free(run.loop);
	tls_context_free(tls);
	return 0;
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_new(ARENA_MAX);
	int result = 2;
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc >= ARGS)
		result = visit(arena, argv, argc);
	arena_free(arena);
	return result;
}
