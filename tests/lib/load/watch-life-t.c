/* SPDX-License-Identifier: MIT */
/*
 * The life of a watch: what stop and fork do to it, and that it does not grow.
 * VAULT_POLLS=10000 polls so often (default: 500) to see whether memory grows;
 * the tests of the bindings know it, too.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "watched.h"

#define POLLS 500

/* Its connections wait in the kernel, to be accepted by nobody. */
static int
hung_server(int *port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) != 0 ||
	    listen(fd, 5) != 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
		printf("Bail out! no server: %s\n", strerror(errno));
		exit(1);
	}
	*port = ntohs(addr.sin_port);
	return fd;
}

static void
test_stop(void)
{
	struct vaultenv_watch_options slow = quick;
	struct vaultenv_options opts = options;
	struct vaultenv_watch *w;
	int64_t before;
	char url[64];
	int i, port, hung;

	server_reset(1, "{}");
	seen_reset();
	slow.interval_ms = FOREVER_MS;
	w = start(NULL, &slow);
	ok(wait_polls(1, 5000), "a watch that waits for an hour");
	sleep_ms(20);
	before = now_ms();
	vaultenv_watch_stop(&w);
	ok(now_ms() - before < 1000, "is stopped at once");

	pthread_mutex_lock(&server.lock);
	server.delay_ms = 300;
	pthread_mutex_unlock(&server.lock);
	w = start(NULL, &slow);
	ok(wait_polls(2, 5000), "a request in hand");
	serve_errors(VAULTENV_ERR_NETWORK, 0);
	before = now_ms();
	vaultenv_watch_stop(&w);
	before = now_ms() - before;
	ok(before < 2000, "ends first (%d ms)", (int)before);
	is_int(server.in_hand, 0, "and none is left");
	is_int(seen.n_errors, 0, "nor reported");

	hung = hung_server(&port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	opts.transport = NULL;
	opts.url = url;
	is_int(vaultenv_watch_start(&opts, &no_cache, NULL, &quick, &w, NULL),
	    0, "a server that accepts and never answers");
	sleep_ms(200);
	before = now_ms();
	vaultenv_watch_stop(&w);
	before = now_ms() - before;
	ok(before < 2000, "holds no stop up (%d ms)", (int)before);
	is_int(seen.n_errors, 0, "nor is that reported");
	close(hung);

	server_reset(1, "{}");
	for (i = 0; i < 50; i++) {
		w = start(NULL, &quick);
		if (i % 2)
			sleep_ms(1);
		vaultenv_watch_stop(&w);
	}
	ok(w == NULL, "fifty starts and stops");
}

static void
test_fork(void)
{
	struct vaultenv_watch *w, *mine;
	int status = 0;
	pid_t pid;

	server_reset(1, "{\"A\":\"1\"}");
	seen_reset();
	w = start(NULL, &quick);
	ok(wait_polls(2, 5000), "a watch");
	fflush(stdout);
	if ((pid = fork()) == 0) {
		alarm(20);
		mine = w;
		vaultenv_watch_stop(&mine);
		_exit(mine == NULL ? 0 : 1);
	}
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0,
	    "a forked child can stop it");
	serve(2, "{\"A\":\"2\"}");
	ok(wait_for(&seen.n_changes, 1, 5000), "and the parent's goes on");
	vaultenv_watch_stop(&w);
}

static long
resident_kb(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	long kb = -1;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	}
	if (f != NULL)
		fclose(f);
	return kb;
}

/* valgrind and the sanitizers keep their books in this process. */
static bool
memory_is_ours(void)
{
	const char *preload = getenv("LD_PRELOAD");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return false;
#endif
	return preload == NULL || strstr(preload, "vgpreload") == NULL;
}

static void
test_memory(void)
{
	struct vaultenv_watch *w = NULL;
	struct vaultenv_error err;
	size_t in_use = 0;
	const char *text = getenv("VAULT_POLLS");
	const int n = text != NULL && atoi(text) > POLLS ? atoi(text) : POLLS;
	long before = 0, after;
	int failed = 0, i;

	server_reset(1, "{\"A\":\"1\"}");
	seen_reset();
	if (watch_new(&options, NULL, NULL, &quick, &w, &err) != 0)
		return;
	for (i = 0; i < n; i++) {
		if (i == n / 5) {
			before = resident_kb();
			in_use = mallinfo2().uordblks;
		}
		if (i % 50 == 0)
			serve(i / 50 + 1, i % 100 ? "{\"A\":\"1\",\"B\":\"2\"}"
						  : "{\"A\":\"3\"}");
		if (i % 70 == 69)
			serve_errors(VAULTENV_ERR_NETWORK, 0);
		failed += watch_poll(w) != 0;
		if (i % 70 == 69)
			serve_errors(0, 0);
		seen.what[0] = '\0';
	}
	after = resident_kb();
	in_use = mallinfo2().uordblks - in_use;
	printf("# %d polls, %d changes, %d failures: %ld kB, then %ld; %zd "
	       "bytes more in use\n",
	    n, seen.n_changes, failed, before, after, (ssize_t)in_use);
	is_int(seen.n_changes, n / 50 - 1, "each change is seen");
	is_int(failed, n / 70, "and each failure");
	is_int(seen.n_errors, failed, "all reported");
	ok(after - before < 256 || !memory_is_ours(), "polls take no memory");
	ok(in_use < 2048 || in_use > SIZE_MAX / 2 || !memory_is_ours(),
	    "nor leave any in use");
	watch_free(&w);
}

int
main(void)
{
	char home[64];

	fake_home(home);
	if (crypto_init() != 0 ||
	    derive_encryption_key(server.key, KEY, SECRET) != 0)
		return 1;
	test_stop();
	test_fork();
	test_memory();
	fake_home_remove(home);
	return tap_done();
}
