/* SPDX-License-Identifier: MIT */
/*
 * blob-t.c: bytes that grow within their maximum and are wiped, locked pages,
 * constant-time compare, error texts and the hardening of a process.
 */
#include "config.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "sentence.h"
#include "tap.h"

static void
test_append(void)
{
	struct blob b;

	blob_init(&b, 1000);
	ok(b.data == NULL && b.len == 0, "a new blob holds nothing");
	is_int(blob_append(&b, NULL, 0), 0, "nothing can be appended");
	ok(b.data != NULL && b.data[0] == '\0', "and then there is a NUL");
	is_int(blob_append(&b, "ab\0c", 4), 0, "bytes with a NUL");
	is_int(blob_append_str(&b, "-text"), 0, "text");
	is_int(blob_printf(&b, "-%d-%s", 42, "x"), 0, "formatted text");
	ok(b.len == 14 && memcmp(b.data, "ab\0c-text-42-x", 15) == 0,
	    "all of it is there, with a NUL after it");
	for (int i = 0; i < 100; i++)
		if (blob_append(&b, "0123456", 7) != 0)
			break;
	ok(b.len == 714 && memcmp(b.data + 707, "0123456", 8) == 0,
	    "it grows, and the bytes stay");
	blob_reset(&b);
	ok(b.data == NULL && b.len == 0 && b.cap == 0 && b.max == 1000,
	    "reset leaves nothing but the maximum");
	is_int(blob_append_str(&b, "again"), 0, "and it can be used again");
	blob_reset(&b);
	blob_reset(&b);
	blob_reset(NULL);
	ok(true, "reset takes an empty blob and NULL");
}

static void
test_maximum(void)
{
	struct blob b;

	blob_init(&b, 5);
	is_int(blob_append(&b, "12345", 5), 0, "up to the maximum");
	is_int(blob_append(&b, "6", 1), VAULTENV_ERR_INVALID, "not past it");
	is_int(
	    blob_printf(&b, "%c", '6'), VAULTENV_ERR_INVALID, "nor by printf");
	is_int(blob_reserve(&b, SIZE_MAX), VAULTENV_ERR_INVALID,
	    "nor by a length that would overflow");
	ok(b.len == 5 && strcmp((char *)b.data, "12345") == 0,
	    "a refused append changes nothing");
	blob_reset(&b);
	blob_init(&b, 0);
	is_int(blob_append(&b, "", 0), 0, "a maximum of 0 holds 0 bytes");
	is_int(blob_append(&b, "1", 1), VAULTENV_ERR_INVALID, "and no byte");
	blob_reset(&b);
	blob_init(&b, SIZE_MAX);
	is_int(blob_append_str(&b, "x"), 0, "a blob with no maximum");
	is_int(blob_reserve(&b, SIZE_MAX), VAULTENV_ERR_INVALID,
	    "refuses a sum that would overflow");
	blob_reset(&b);
}

static void
test_reserve_and_take(void)
{
	struct blob b;
	size_t len = 99;
	char *taken;

	blob_init(&b, 100);
	taken = blob_take(&b, &len);
	ok(taken != NULL && len == 0 && taken[0] == '\0',
	    "an empty blob gives an empty text");
	mem_wipe_free(taken, len);

	blob_append_str(&b, "a secret that was cut off");
	b.len = 1;
	is_int(blob_reserve(&b, 3), 0, "room for three");
	memcpy(b.data + b.len, "bcd", 3);
	b.len += 3;
	is_str((char *)b.data, "abcd", "a NUL follows what was filled in");
	taken = blob_take(&b, &len);
	ok(len == 4 && strcmp(taken, "abcd") == 0, "the bytes are handed over");
	ok(memcmp(taken + 5, "ret that", 8) != 0 && taken[6] == '\0',
	    "without what lay behind them");
	ok(b.data == NULL && b.len == 0 && b.cap == 0, "the blob is empty");
	vaultenv_text_free(&taken, len);
	ok(taken == NULL, "text_free clears the pointer");
	vaultenv_text_free(&taken, len);
	vaultenv_text_free(NULL, 0);
	ok(true, "and takes NULL");
}

static void
test_equal(void)
{
	uint8_t a[33], b[33];
	int wrong = 0;

	memset(a, 7, sizeof(a));
	memset(b, 7, sizeof(b));
	ok(mem_equal(a, b, sizeof(a)), "equal bytes are equal");
	for (size_t i = 0; i < sizeof(a) * 8; i++) {
		b[i / 8] ^= (uint8_t)(1 << i % 8);
		wrong += mem_equal(a, b, sizeof(a));
		b[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	is_int(wrong, 0, "each single bit makes a difference");
	a[32] = 1;
	ok(mem_equal(a, b, 32), "bytes past the length do not");
	ok(mem_equal(a, b, 0), "no bytes are equal");
	mem_wipe(a, sizeof(a));
	ok(a[0] == 0 && a[32] == 0, "a wipe writes zeros");
}

static void
test_secmem(void)
{
	uint8_t *p = secmem_alloc(5000);
	int status;
	pid_t pid;

	ok(p != NULL && p[0] == 0 && p[4999] == 0, "pages come zeroed");
	memset(p, 1, 5000);
	if ((pid = fork()) == 0)
		_exit(p[0] == 0 && p[4999] == 0 ? 0 : 1);
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "a forked child finds zeros");
	ok(p[0] == 1 && p[4999] == 1, "and the parent its bytes");
	secmem_free(p, 5000);
	secmem_free(NULL, 10);
	ok(secmem_alloc(SIZE_MAX) == NULL, "too much is NULL");
}

static void
test_errors(void)
{
	struct vaultenv_error err;
	char longer[2 * VAULTENV_ERROR_TEXT];

	memset(&err, 0xff, sizeof(err));
	is_int(err_set(&err, VAULTENV_ERR_IO, "Try again", "%s: no", ".env"),
	    VAULTENV_ERR_IO, "err_set gives the code back");
	ok(err.code == VAULTENV_ERR_IO && err.current_version == 0,
	    "and sets it");
	is_str(sentence(&err), ".env: no. Try again", "and both parts");
	err_set(&err, VAULTENV_ERR_IO, NULL, "Again: %s", err.text);
	is_str(sentence(&err), "Again: .env: no", "which may quote itself");
	is_int(err_hint(&err, "See %s", err.text), VAULTENV_ERR_IO,
	    "a hint may name something");
	is_str(err.hint, "See Again: .env: no", "and quote the text");
	is_int(err_copy(NULL, &err), VAULTENV_ERR_IO, "a copy for nobody");
	err_set(&err, VAULTENV_ERR_IO, NULL, "a\n\x1b[31mb\x7f\xc2\x9b%s", "ü");
	is_str(sentence(&err), "a??[31mb???ü", "no control character stays");
	err_set(&err, VAULTENV_ERR_IO, NULL,
	    "a\xe2\x80\xae"
	    "b");
	is_str(err.text, "a???b", "nor one that does not show");
	is_int(err_set(NULL, VAULTENV_ERR_IO, "y", "x"), VAULTENV_ERR_IO,
	    "err may be NULL");
	errno = ENOENT;
	is_int(err_errno(&err, NULL, "Cannot open %s", "x"), VAULTENV_ERR_IO,
	    "err_errno is an IO error");
	is_str(sentence(&err), "Cannot open x: No such file or directory",
	    "that ends with the reason");
	ok(errno == ENOENT, "errno stays");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer + VAULTENV_ERROR_TEXT - 3, "\xf0\x9f\x9a\x80", 4);
	longer[sizeof(longer) - 1] = '\0';
	err_set(&err, VAULTENV_ERR_IO, NULL, "%s", longer);
	ok(strlen(sentence(&err)) == VAULTENV_ERROR_TEXT - 3 &&
		utf8_is_valid(sentence(&err), strlen(sentence(&err))),
	    "a long text is cut between characters");
}

static void
test_strerror(void)
{
	bool all = true;

	for (int code = 0; code >= VAULTENV_ERR_UNTRUSTED; code--)
		all &= strcmp(vaultenv_strerror(code), "Unknown error") != 0;
	ok(all, "every code has a sentence");
	is_str(vaultenv_strerror(VAULTENV_ERR_UNTRUSTED - 1), "Unknown error",
	    "a code below them has none");
	is_str(vaultenv_strerror(1), "Unknown error", "nor one above");
	is_str(vaultenv_strerror(INT32_MIN), "Unknown error", "nor the least");
	is_str(vaultenv_version(), PACKAGE_VERSION, "the version is known");
}

static void
test_harden(void)
{
	struct vaultenv_error err;
	struct rlimit r;
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (vaultenv_process_harden(&err) != 0)
			_exit(1);
		getrlimit(RLIMIT_CORE, &r);
		_exit(prctl(PR_GET_DUMPABLE) == 0 && r.rlim_cur == 0 ? 0 : 2);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "a hardened process leaves no core and cannot be traced");
}

int
main(void)
{
	test_append();
	test_maximum();
	test_reserve_and_take();
	test_equal();
	test_secmem();
	test_errors();
	test_strerror();
	test_harden();
	return tap_done();
}
