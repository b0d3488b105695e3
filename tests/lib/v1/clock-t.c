/* SPDX-License-Identifier: MIT */
/*
 * A clock that is off: when a call is signed again with the server's time, and
 * when the user has to set the clock.
 */
#include "config.h"

#include "loopback.h"

static void
answer_at(
    char *out, size_t size, time_t when, const char *status, const char *body)
{
	char date[64];

	strftime(
	    date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&when));
	snprintf(
	    out, size, "HTTP/1.1 %s\r\nDate: %s\r\n\r\n%s", status, date, body);
}

static int64_t
signed_time(int n)
{
	const char *v = strstr(request(n), "X-Vault-Signature: v=");

	return v == NULL ? 0 : strtoll(v + 21, NULL, 10) / 1000;
}

static void
test_clock(void)
{
	static const char unauthorized[] = "{\"error\":\"Unauthorized\"}";
	static char refuse[256], accept_it[256];
	char today[16];
	static char refuse_now[256], refuse_far[256];
	struct fake f = { .n_calls = 0 };
	struct vaultenv_client *c = client(&f, url);
	struct vaultenv_error err;
	time_t now = time(NULL);
	int64_t version = 0;

	strftime(today, sizeof(today), "%Y-%m-%d", gmtime(&now));
	answer_at(refuse, sizeof(refuse), now + 600, "401 Unauthorized",
	    unauthorized);
	answer_at(accept_it, sizeof(accept_it), now + 600, "200 OK",
	    "{\"version\":4,\"updated_at\":null}");
	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "a clock that is ten minutes slow");
	is_int(n_requests(), 2, "takes a second request");
	ok(llabs(signed_time(1) - (int64_t)now - 600) <= 3,
	    "signed with the server's time");
	ok(strncmp(f.notice, "This machine's clock is off: 20", 31) == 0 &&
		strstr(f.notice, today) != NULL &&
		strstr(f.notice, " UTC at the server. Going on with the "
				 "server's time; set the clock") != NULL,
	    "and a notice: %s", f.notice);
	f.notice[0] = '\0';
	server_answer(accept_it, refuse);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "the next call");
	is_int(n_requests(), 1, "knows it");
	is_str(f.notice, "", "and says no more");
	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_UNAUTHORIZED, "a 401 now");
	is_int(n_requests(), 1, "has nothing to do with the clock");
	vaultenv_client_free(&c);

	c = client(&f, url);
	server_answer(refuse, refuse);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_CLOCK, "no with the server's time too");
	is_int(n_requests(), 2, "is not asked a third time");
	ok(strncmp(sentence(&err),
	       "The server did not accept this machine's "
	       "signature, and the clocks differ: 20",
	       77) == 0 &&
		strstr(sentence(&err),
		    "there. Set this machine's clock; if it is "
		    "right, check VAULT_KEY") != NULL,
	    "and says so: %s", sentence(&err));
	vaultenv_client_free(&c);

	c = client(&f, url);
	answer_at(refuse_now, sizeof(refuse_now), now, "401 Unauthorized",
	    unauthorized);
	server_answer(refuse_now, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_UNAUTHORIZED, "with a good clock it is the key");
	is_int(n_requests(), 1, "and there is no second try");
	vaultenv_client_free(&c);

	/* As with --insecure-http: anybody may have written that date. */
	c = client(&f, url);
	c->date_is_trusted = false;
	f.notice[0] = '\0';
	answer_at(refuse_far, sizeof(refuse_far), now + 86400 * 365,
	    "401 Unauthorized", unauthorized);
	server_answer(refuse_far, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_CLOCK, "a date that nobody vouches for");
	is_int(n_requests(), 1, "is not signed with");
	is_str(f.notice, "", "nor called a fact");
	vaultenv_client_free(&c);
}

/* A signature for a time to come is a write that waits for its day. */
static void
test_clock_of_others(void)
{
	static const char unauthorized[] = "{\"error\":\"Unauthorized\"}";
	static char refuse[256], accept_it[256], refuse_far[256];
	struct fake f = { .n_calls = 0 };
	struct vaultenv_client *c = client(&f, url);
	struct vaultenv_error err;
	time_t now = time(NULL);
	int64_t version = 0;

	answer_at(refuse_far, sizeof(refuse_far), now + 3600,
	    "401 Unauthorized", unauthorized);
	answer_at(refuse, sizeof(refuse), now + 600, "401 Unauthorized",
	    unauthorized);
	answer_at(accept_it, sizeof(accept_it), now + 600, "200 OK",
	    "{\"version\":4,\"updated_at\":null}");
	server_answer(refuse_far, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_CLOCK, "an hour is more than a clock that goes wrong");
	is_int(n_requests(), 1, "and is not followed");
	is_str(f.notice, "", "nor said to be the time");

	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "minutes are, for a read");
	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_rollback(c, 1, &version, &err),
	    VAULTENV_ERR_CLOCK, "but a write");
	is_int(n_requests(), 1, "is sent once");
	ok(llabs(signed_time(0) - (int64_t)now) <= 3, "with our own time");
	server_answer(refuse, accept_it);
	is_int(vaultenv_device_revoke(c, DEVICE_ID, &err), VAULTENV_ERR_CLOCK,
	    "revoking a device is one, too");
	is_int(n_requests(), 1, "and is sent once");
	vaultenv_client_free(&c);
}

int
main(void)
{
	pthread_t thread;
	char home[64];

	fake_home(home);
	server_start(&thread);
	test_clock();
	test_clock_of_others();
	server_stop(thread);
	fake_home_remove(home);
	return tap_done();
}
