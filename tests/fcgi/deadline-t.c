/* SPDX-License-Identifier: MIT */
/*
 * deadline-t: a connection that is over its time ends, the right one, and for
 * reading only where the reply is still to be written.
 */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"
#include "tap.h"

int
main(void)
{
	struct deadline d;
	int a[2], b[2], reused;
	char c = 'x';

	deadline_init(&d);
	deadline_enforce(&d, INT64_MAX); /* nothing set: nothing happens */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, a) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, b) != 0)
		return 1;
	deadline_set(&d, a[0], SHUT_RD, 1000);
	deadline_enforce(&d, 999);
	is_int(write(a[1], &c, 1), 1, "before: the peer writes");
	is_int(read(a[0], &c, 1), 1, "and is read");
	deadline_enforce(&d, 1000);
	is_int(read(a[0], &c, 1), 0, "then: reading ends");
	is_int(write(a[0], &c, 1), 1, "but the reply can be written");
	is_int(read(a[1], &c, 1), 1, "and arrives");
	deadline_move(&d, SHUT_RDWR, 2000);
	deadline_enforce(&d, 1999);
	is_int(write(a[0], &c, 1), 1, "moved: not yet");
	is_int(read(a[1], &c, 1), 1, "what was written arrives");
	deadline_enforce(&d, 2000);
	is_int(send(a[0], &c, 1, MSG_NOSIGNAL), -1, "writing ends");

	/* Cleared: the number may be another connection's by now */
	deadline_set(&d, a[0], SHUT_RDWR, 1);
	deadline_clear(&d);
	if ((reused = dup2(b[0], a[0])) < 0)
		return 1;
	deadline_enforce(&d, 2);
	is_int(write(b[1], &c, 1), 1, "a descriptor that was reused");
	is_int(read(reused, &c, 1), 1, "is not the one that ends");
	return tap_done();
}
