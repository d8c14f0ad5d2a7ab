/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c-ares keeps the reason of a failed connection to itself, so the sockets
 * are ours and remember errno. A channel lives while a query is out on it
 * (and a moment longer over TCP); one on which a query timed out is not used again, so that the next try has
 * a fresh port or connection.
 */
#include "config.h"

#include "common/dnsnet/channel.h"

/* Before ares.h, which takes fd_set from it. */
#include <sys/select.h>

#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/dnsnet/socket.h"

enum {
	CHANNEL_DATAGRAM_MAX = 4097, /* what c-ares reads at once */
	CHANNEL_IDLE_US = 1000,  /* a connection waits for one more question */
	CHANNEL_SLACK_US = 1500, /* lets c-ares see its own timeout first */
	CHANNEL_AGAIN_US = 5000,
};

struct channel {
	struct channels *all;
	ares_channel ares;
	struct channel_peer peer;
	bool is_stale;  /* a query timed out on it */
	unsigned n_out; /* queries sent and not called back */
	int error;      /* errno of the last failure; 0: closed by the peer */
	struct loop_timer idle;
	struct channel *next;
};

struct channels {
	struct loop *loop;
	const struct dns_options *options;
	struct channel *first;
	/* The last datagram: c-ares hands out 512 bytes of it at most, unless
	 * it does EDNS by itself, which would hide that a server refuses
	 * EDNS. */
	uint8_t datagram[CHANNEL_DATAGRAM_MAX];
	size_t datagram_len;
};

/* -- our sockets ------------------------------------------------------- */

/* As c-ares has it on sockets of its own: without Nagle's algorithm. */
static void send_at_once(int fd)
{
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static ares_socket_t open_socket(int domain, int type, int protocol, void *arg)
{
	struct channel *channel = arg;
	int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		channel->error = errno;
	else if (type == SOCK_STREAM)
		send_at_once(fd);
	return fd;
}

static int close_socket(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *addr,
	ares_socklen_t len, void *arg)
{
	struct channel *channel = arg;
	int status = connect(fd, addr, len);
	if (status != 0 && errno != EINPROGRESS)
		channel->error = errno;
	return status;
}

static void keep_datagram(
	struct channels *all, const uint8_t *bytes, size_t len)
{
	all->datagram_len =
		len < sizeof(all->datagram) ? len : sizeof(all->datagram);
	memcpy(all->datagram, bytes, all->datagram_len);
}

static ares_ssize_t receive(ares_socket_t fd, void *buf, size_t len, int flags,
	struct sockaddr *from, ares_socklen_t *from_len, void *arg)
{
	struct channel *channel = arg;
	ssize_t got = recvfrom(fd, buf, len, flags, from, from_len);
	if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		channel->error = errno;
	else if (got == 0)
		channel->error = 0;
	if (got > 0 && !channel->peer.is_tcp)
		keep_datagram(channel->all, buf, (size_t)got);
	return got;
}

static ares_ssize_t send_vector(
	ares_socket_t fd, const struct iovec *vector, int count, void *arg)
{
	struct channel *channel = arg;
	struct msghdr message = { 0 };
	union {
		const struct iovec *in;
		struct iovec *out;
	} cast = { .in = vector };
	message.msg_iov = cast.out;
	message.msg_iovlen = (size_t)count;
	ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		channel->error = errno;
	return sent;
}

static const struct ares_socket_functions socket_functions = {
	.asocket = open_socket,
	.aclose = close_socket,
	.aconnect = connect_socket,
	.arecvfrom = receive,
	.asendv = send_vector,
};

/* -- channels ---------------------------------------------------------- */

static void process(struct channel *channel, int read_fd, int write_fd);

static void on_ready(int fd, int events, void *arg)
{
	process(arg, (events & LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
		(events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
}

static void on_socket_state(
	void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *channel = arg;
	int events = (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0);
	if (!loop_watch(channel->all->loop, fd, events, on_ready, channel))
		channel->error = ENOMEM;
}

static void channel_free(struct channel *channel)
{
	struct channel **link = &channel->all->first;
	while (*link != channel)
		link = &(*link)->next;
	*link = channel->next;
	loop_timer_cancel(channel->all->loop, &channel->idle);
	ares_destroy(channel->ares);
	free(channel);
}

struct dns_addr channel_contacted(
	const struct dns_options *options, const struct dns_addr *addr)
{
	const struct dns_prefix *nat64 = &options->nat64;
	if (nat64->addr.family != 6 || addr->family != 4)
		return *addr;
	struct dns_addr mapped = nat64->addr;
	size_t at = nat64->length / 8;
	memset(mapped.bytes + at, 0, sizeof(mapped.bytes) - at);
	for (size_t i = 0; i < 4; i++, at++) {
		if (at == 8) /* the u octet stays zero */
			at++;
		mapped.bytes[at] = addr->bytes[i];
	}
	return mapped;
}

static bool set_server(const struct channel *channel)
{
	const struct dns_options *options = channel->all->options;
	struct dns_addr addr = channel_contacted(options, &channel->peer.addr);
	struct ares_addr_port_node node = { .udp_port = channel->peer.port,
		.tcp_port = channel->peer.port };
	if (addr.family == 4) {
		node.family = AF_INET;
		memcpy(&node.addr.addr4, addr.bytes, 4);
	} else {
		node.family = AF_INET6;
		memcpy(&node.addr.addr6, addr.bytes, 16);
	}
	return ares_set_servers_ports(channel->ares, &node) == ARES_SUCCESS;
}

/* Everything is set, so that c-ares reads no file of this host's. */
static bool init_ares(struct channel *channel)
{
	char lookups[] = "b";
	struct in_addr placeholder = { 0 };
	int64_t timeout_ms = channel->all->options->query_timeout_us / 1000;
	struct ares_options options = {
		.flags = ARES_FLAG_NORECURSE | ARES_FLAG_NOCHECKRESP |
			 ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
			 ARES_FLAG_IGNTC |
			 (channel->peer.is_tcp ? ARES_FLAG_USEVC : 0),
		.timeout = (int)timeout_ms,
		.tries = 1,
		.ndots = 1,
		.servers = &placeholder,
		.nservers = 1,
		.lookups = lookups,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = channel,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		   ARES_OPT_NDOTS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
		   ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST |
		   ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE;
	if (ares_init_options(&channel->ares, &options, mask) != ARES_SUCCESS)
		return false;
	ares_set_socket_functions(channel->ares, &socket_functions, channel);
	if (set_server(channel))
		return true;
	ares_destroy(channel->ares);
	return false;
}

static struct channel *channel_find(
	struct channels *all, const struct channel_peer *peer)
{
	for (struct channel *channel = all->first; channel != NULL;
		channel = channel->next)
		if (channel->peer.is_tcp == peer->is_tcp &&
			channel->peer.port == peer->port &&
			!channel->is_stale &&
			dns_addr_compare(&channel->peer.addr, &peer->addr) == 0)
			return channel;
	struct channel *channel = calloc(1, sizeof(*channel));
	if (channel == NULL)
		return NULL;
	channel->all = all;
	channel->peer = *peer;
	if (!init_ares(channel)) {
		free(channel);
		return NULL;
	}
	channel->next = all->first;
	all->first = channel;
	return channel;
}

static void on_idle(void *arg)
{
	struct channel *channel = arg;
	if (channel->n_out == 0)
		channel_free(channel);
}

static void process(struct channel *channel, int read_fd, int write_fd)
{
	struct loop *loop = channel->all->loop;
	ares_process_fd(channel->ares, read_fd, write_fd);
	if (channel->n_out == 0 && channel->peer.is_tcp)
		loop_timer_set(loop, &channel->idle,
			loop_now_us(loop) + CHANNEL_IDLE_US, on_idle, channel);
	else if (channel->n_out == 0)
		channel_free(channel);
}

/* -- queries ----------------------------------------------------------- */

static void query_end(struct channel_query *query, enum dns_outcome outcome,
	const uint8_t *wire, size_t len)
{
	loop_timer_cancel(query->channel->all->loop, &query->timer);
	query->fn(query->arg, outcome, wire, len);
}

/* c-ares called back before it returned from ares_send(), or was never
 * asked: the word goes out from the loop. */
static void end_later(void *arg)
{
	struct channel_query *query = arg;
	struct channel *channel = query->channel;
	query->fn(query->arg, query->outcome, NULL, 0);
	if (channel != NULL && --channel->n_out == 0)
		channel_free(channel);
}

static enum dns_outcome outcome_of_status(
	const struct channel *channel, int status)
{
	if (status == ARES_SUCCESS)
		return DNS_ANSWERED;
	if (status == ARES_ETIMEOUT)
		return DNS_TIMED_OUT;
	if (status == ARES_ENOMEM)
		return DNS_OUR_FAULT;
	if (status == ARES_ECONNREFUSED)
		return socket_outcome(channel->error);
	return DNS_MALFORMED;
}

static void on_ares(
	void *arg, int status, int timeouts, unsigned char *wire, int len)
{
	struct channel_query *query = arg;
	struct channel *channel = query->channel;
	(void)timeouts;
	if (status == ARES_EDESTRUCTION)
		return;
	enum dns_outcome outcome = outcome_of_status(channel, status);
	if (!query->is_sent) { /* still inside ares_send() */
		query->outcome = outcome;
		return;
	}
	channel->n_out--;
	if (outcome == DNS_TIMED_OUT)
		channel->is_stale = true;
	/* Called while c-ares handles the datagram that it has just read. */
	if (channel->peer.is_tcp)
		query_end(query, outcome, wire, len > 0 ? (size_t)len : 0);
	else
		query_end(query, outcome, channel->all->datagram,
			channel->all->datagram_len);
}

static void on_timer(void *arg)
{
	struct channel_query *query = arg;
	struct channel *channel = query->channel;
	struct loop *loop = channel->all->loop;
	/* Where c-ares does not see its timeout yet, it is asked again. */
	loop_timer_set(loop, &query->timer,
		loop_now_us(loop) + CHANNEL_AGAIN_US, on_timer, query);
	process(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void channel_send(struct channels *all, const struct channel_peer *peer,
	struct channel_query *query, const uint8_t *wire, size_t len)
{
	struct channel *channel = channel_find(all, peer);
	query->channel = channel;
	if (channel == NULL) {
		query->outcome = DNS_OUR_FAULT;
		loop_timer_set(all->loop, &query->timer, 0, end_later, query);
		return;
	}
	channel->n_out++;
	query->outcome = DNS_NOT_ASKED;
	ares_send(channel->ares, wire, (int)len, on_ares, query);
	if (query->outcome != DNS_NOT_ASKED) {
		loop_timer_set(all->loop, &query->timer, 0, end_later, query);
		return;
	}
	query->is_sent = true;
	loop_timer_set(all->loop, &query->timer,
		clock_mono_us() + all->options->query_timeout_us +
			CHANNEL_SLACK_US,
		on_timer, query);
}

struct channels *channels_new(
	struct loop *loop, const struct dns_options *options)
{
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return NULL;
	struct channels *all = calloc(1, sizeof(*all));
	if (all == NULL) {
		ares_library_cleanup();
		return NULL;
	}
	all->loop = loop;
	all->options = options;
	return all;
}

void channels_free(struct channels *all)
{
	if (all == NULL)
		return;
	while (all->first != NULL)
		channel_free(all->first);
	free(all);
	ares_library_cleanup();
}
