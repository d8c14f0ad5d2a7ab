/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What earlier runs on this node saw of a zone and its servers: plain
 * structs, kept by common/store, made and used by common/dns. Only what
 * changes by an event is kept, so that a run in which nothing happened
 * writes nothing.
 */
#ifndef LIFELINE_DNS_HISTORY_H
#define LIFELINE_DNS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNS_HISTORY_SERIALS_MAX = 64,
	DNS_HISTORY_SERVERS_MAX = 512,
	DNS_REMEMBERED_MAX = 4096, /* names, addresses and DS, of each */
};

/* When the reference (the primary; where it is inferred, the newest copy)
 * was first seen with a serial. Seconds since 1970, all times here. */
struct dns_seen_serial {
	uint32_t serial;
	int64_t first_s;
};

/* A secondary by address and NSID: behind one address there may be many. */
struct dns_past_copy {
	const char *server; /* "192.0.2.1", "[2001:db8::1]:5300" */
	const char *nsid;   /* "": none */
	uint32_t serial;    /* the last it was seen with */
	/* When it runs out by what is known; 0: not known. is_measured: by
	 * its EDNS EXPIRE option; else the latest it can be. */
	int64_t expires_s;
	bool is_measured;
};

struct dns_history {
	struct dns_seen_serial *serials; /* the oldest first */
	size_t n_serials;
	bool primary_was_seen;    /* it answered for the zone once */
	int64_t primary_silent_s; /* since when it does not; 0: it does */
	struct dns_past_copy *copies;
	size_t n_copies;
};

/* What became of the file that holds it. */
enum dns_history_fate {
	DNS_HISTORY_NOT_KEPT, /* nobody asked for it */
	DNS_HISTORY_READ,
	DNS_HISTORY_NEW, /* no history on this node */
	/* Damaged: put aside, begun anew; why names it. So until what was put
	 * aside is removed, with what was kept since. */
	DNS_HISTORY_LOST,
	/* Can't be read or written: directory, rights, room, a newer version
	 * of these plugins wrote it. why says which. */
	DNS_HISTORY_UNUSABLE,
	/* The same, where nobody chose the directory and it is not there:
	 * these plugins were never set up to remember on this host. */
	DNS_HISTORY_NO_PLACE,
};

struct dns_history_file {
	enum dns_history_fate fate;
	const char *why;  /* LOST, UNUSABLE, NO_PLACE: a sentence's end */
	const char *node; /* the host that wrote what was read, or NULL */
};

/* The delegation as the parent handed it out when it was accepted. */
struct dns_remembered {
	bool is_known;
	int64_t since_s;
	/* Sorted: names; "NAME ADDRESS"; "TAG ALGORITHM DIGESTTYPE DIGEST". */
	const char **ns, **glue, **ds;
	size_t n_ns, n_glue, n_ds;
	/* The referral had room for all glue that it has to hold; a server of
	 * the parent told the DS set. */
	bool glue_is_whole, ds_is_known;
};

#endif
