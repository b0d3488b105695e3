/* SPDX-License-Identifier: MIT */
/*
 * code.c: the one table of codes of protocol v2, their kinds and sentences. A
 * text and a hint each, shown as `Text. Hint`; code.h says which have none.
 * Must not judge.
 */
#include "config.h"

#include <string.h>

#include "wire/code.h"

#define TAMPERED                                                               \
	"Nothing was changed. If others see it too, the server or its "        \
	"database was tampered with"
#define RESTORED                                                               \
	"If the operator has just restored a backup, give them the file that " \
	"vault-env bundle --all writes. " TAMPERED
#define COMPARE    "Compare with a colleague: vault-env verify. " TAMPERED
#define PULL_AGAIN "Pull again"
#define ASK_ADMIN  "Ask an admin"
#define NOT_BY_ADMIN                                                           \
	"Entry {seq} of the list of devices was not made by an "               \
	"admin of this project"
#define BREAKS_RULE                                                            \
	"Entry {seq} of the list of devices, by {device}, breaks "             \
	"a rule"
#define LEFT_OUT                                                               \
	"The server left out versions of {env} between {from} "                \
	"and {to}"
#define NOT_GENUINE                                                            \
	"{device} asks to join with a registration that is not "               \
	"genuine"
#define IGNORED        "It was ignored"
#define TOLD_ELSEWHERE NULL, NULL /* see code.h */

static const struct row {
	const char *name;
	enum code_kind kind;
	const char *text;
	const char *hint;
} rows[CODE_N] = {
	[CODE_GOOD] = { "good", CODE_EVERYDAY, "Nothing is wrong", "" },
	/* client/discover.c says which of the keys. */
	[CODE_KEY_FORM] = { "key_form", CODE_EVERYDAY, TOLD_ELSEWHERE },
	[CODE_KEY_UNKNOWN] = { "key_unknown", CODE_EVERYDAY,
	    "VAULT_KEY is not one of project {project}", "Copy it again" },
	[CODE_KEY_REPLACED] = { "key_replaced", CODE_EVERYDAY,
	    "VAULT_KEY was replaced on {date} by {device}",
	    "Ask for the new one and put it in place" },
	[CODE_BAD_FORM] = { "bad_form", CODE_TAMPERED,
	    "An answer from the server is malformed", TAMPERED },
	[CODE_BAD_KIND] = { "bad_kind", CODE_TAMPERED,
	    "An answer from the server is malformed", TAMPERED },
	[CODE_BAD_SUITE] = { "bad_suite", CODE_EVERYDAY,
	    "An answer needs a newer vault-env", "Update it" },
	[CODE_WRONG_PROJECT] = { "wrong_project", CODE_TAMPERED,
	    "The server gave data of another project", TAMPERED },
	[CODE_WRONG_ENVIRONMENT] = { "wrong_environment", CODE_TAMPERED,
	    "The server gave data of environment {other} for {env}", TAMPERED },
	[CODE_LOG_SHORT] = { "log_short", CODE_TAMPERED,
	    "The server's list of devices is shorter than the one seen on "
	    "{date}",
	    RESTORED },
	[CODE_LOG_GAP] = { "log_gap", CODE_TAMPERED,
	    "The server's list of devices has a gap at {seq}", TAMPERED },
	[CODE_LOG_LINK] = { "log_link", CODE_TAMPERED,
	    "The server's list of devices has a gap at {seq}", TAMPERED },
	[CODE_LOG_FORK] = { "log_fork", CODE_TAMPERED,
	    "The server shows another list of devices than before: entry "
	    "{seq} differs",
	    COMPARE },
	[CODE_LOG_ANCHOR] = { "log_anchor", CODE_TAMPERED,
	    "This server's project is not the one that VAULT_KEY was made "
	    "for, or is older than the key",
	    TAMPERED },
	[CODE_LOG_ROOT] = { "log_root", CODE_TAMPERED,
	    NOT_BY_ADMIN " (log_root)", TAMPERED },
	[CODE_LOG_AUTHOR] = { "log_author", CODE_TAMPERED,
	    NOT_BY_ADMIN " (log_author)", TAMPERED },
	[CODE_LOG_SIGNATURE] = { "log_signature", CODE_TAMPERED,
	    NOT_BY_ADMIN " (log_signature)", TAMPERED },
	[CODE_LOG_JOIN] = { "log_join", CODE_TAMPERED,
	    NOT_BY_ADMIN " (log_join)", TAMPERED },
	[CODE_LOG_SCOPE] = { "log_scope", CODE_TAMPERED,
	    BREAKS_RULE " (log_scope)", TAMPERED },
	[CODE_LOG_DEVICE_ID] = { "log_device_id", CODE_TAMPERED,
	    BREAKS_RULE " (log_device_id)", TAMPERED },
	[CODE_LOG_DEVICE_KNOWN] = { "log_device_known", CODE_TAMPERED,
	    BREAKS_RULE " (log_device_known)", TAMPERED },
	[CODE_LOG_DEVICE_UNKNOWN] = { "log_device_unknown", CODE_TAMPERED,
	    BREAKS_RULE " (log_device_unknown)", TAMPERED },
	[CODE_LOG_LAST_ADMIN] = { "log_last_admin", CODE_TAMPERED,
	    BREAKS_RULE " (log_last_admin)", TAMPERED },
	[CODE_LOG_CUT] = { "log_cut", CODE_TAMPERED, BREAKS_RULE " (log_cut)",
	    TAMPERED },
	[CODE_LOG_ROTATE] = { "log_rotate", CODE_TAMPERED,
	    BREAKS_RULE " (log_rotate)", TAMPERED },
	[CODE_DEVICE_MISSING] = { "device_missing", CODE_EVERYDAY,
	    "Device not registered", "Run: vault-env register-device" },
	[CODE_DEVICE_UNKNOWN] = { "device_unknown", CODE_EVERYDAY,
	    "Device not registered", "Run: vault-env register-device" },
	[CODE_DEVICE_REVOKED] = { "device_revoked", CODE_EVERYDAY,
	    "This device was revoked on {date} by {device}",
	    "Its cached secrets were removed. To ask to be let in again, run: "
	    "vault-env register-device --force" },
	[CODE_DEVICE_EXPIRED] = { "device_expired", CODE_EVERYDAY,
	    "This device's access ended on {date}",
	    "Ask an admin to run: vault-env scope-device --id {own} "
	    "--expires 365d" },
	[CODE_DEVICE_SCOPE] = { "device_scope", CODE_EVERYDAY,
	    "This device may not read {env}", ASK_ADMIN },
	[CODE_RECORD_MISSING] = { "record_missing", CODE_TAMPERED, LEFT_OUT,
	    TAMPERED },
	[CODE_RECORD_LINK] = { "record_link", CODE_TAMPERED, LEFT_OUT,
	    TAMPERED },
	[CODE_RECORD_ROLLBACK] = { "record_rollback", CODE_TAMPERED,
	    "The server went back: it gives version {got} of {env}, but "
	    "version {seen} exists",
	    RESTORED },
	[CODE_RECORD_FORK] = { "record_fork", CODE_TAMPERED,
	    "The server shows another version {n} of {env} than the one seen "
	    "before",
	    COMPARE },
	[CODE_RECORD_CUT] = { "record_cut", CODE_TAMPERED,
	    "Version {n} of {env} does not fit the removal of {device}: it "
	    "was made after that, or was hidden from who removed it",
	    TAMPERED },
	[CODE_RECORD_LOG] = { "record_log", CODE_TAMPERED,
	    "Version {n} of {env} names a list of devices that the server "
	    "does not show",
	    TAMPERED },
	[CODE_RECORD_AUTHOR] = { "record_author", CODE_TAMPERED,
	    "Version {n} of {env} is by {device}, which may not write there",
	    "A writer has to push again. " TAMPERED },
	[CODE_RECORD_SIGNATURE] = { "record_signature", CODE_TAMPERED,
	    "Version {n} of {env} does not carry the signature of {device}",
	    TAMPERED },
	[CODE_RECORD_KEY] = { "record_key", CODE_TAMPERED,
	    "Version {n} of {env} still uses a key that removed devices have",
	    "A writer has to push again. " TAMPERED },
	[CODE_RECORD_STALE] = { "record_stale", CODE_EVERYDAY,
	    "The newest version of {env} is of {date}: this device accepts "
	    "only those of the last {fresh}",
	    "Run on a writer's machine: vault-env confirm --env {env}" },
	[CODE_BLOB_HASH] = { "blob_hash", CODE_TAMPERED,
	    "Version {n} of {env} was changed after {device} signed it",
	    TAMPERED },
	[CODE_BLOB_OPEN] = { "blob_open", CODE_EVERYDAY,
	    "Version {n} of {env} cannot be decrypted",
	    "A writer has to run: vault-env push --replace --env {env}" },
	[CODE_BLOB_JSON] = { "blob_json", CODE_EVERYDAY,
	    "Version {n} of {env} holds no list of names and values",
	    "A writer has to run: vault-env push --replace --env {env}" },
	[CODE_WRAP_MISSING] = { "wrap_missing", CODE_EVERYDAY,
	    "There is no key of {env} for this device",
	    "Ask a writer to run: vault-env share --env {env}" },
	[CODE_WRAP_OPEN] = { "wrap_open", CODE_TAMPERED,
	    "The key of {env} for this device was tampered with, or is for "
	    "another VAULT_KEY",
	    TAMPERED },
	[CODE_LOW_ORDER] = { "low_order", CODE_TAMPERED,
	    "{key} was tampered with", TAMPERED },
	[CODE_KEY_COMMITMENT] = { "key_commitment", CODE_TAMPERED,
	    "The server offers a false key for {env}", TAMPERED },
	[CODE_HEADS_FORM] = { "heads_form", CODE_EVERYDAY,
	    "{file} is malformed",
	    "Resolve the merge (.vault-heads), or ask a colleague for "
	    "`vault-env heads` and compare before you remove it" },
	[CODE_CACHE_FORM] = { "cache_form", CODE_AWAY,
	    "The cache was not written by this device with this VAULT_KEY",
	    PULL_AGAIN },
	[CODE_CACHE_MAC] = { "cache_mac", CODE_AWAY,
	    "The cache was not written by this device with this VAULT_KEY",
	    PULL_AGAIN },
	[CODE_CACHE_AGE] = { "cache_age", CODE_AWAY,
	    "The cache is {age}, {limit} is {allowed}", PULL_AGAIN },
	[CODE_CACHE_ANCHOR] = { "cache_anchor", CODE_AWAY,
	    "The cache is older than VAULT_KEY", PULL_AGAIN },
	[CODE_CACHE_HEADS] = { "cache_heads", CODE_AWAY,
	    "The cache is older than .vault-heads", PULL_AGAIN },
	[CODE_REPLY_MAC] = { "reply_mac", CODE_AWAY,
	    "{url} answered, but not as a server that knows this device",
	    "It was treated as unreachable: check the URL (VAULT_URL), and "
	    "that VAULT_KEY is of a project there" },
	[CODE_REGISTER_DEVICE_ID] = { "register_device_id", CODE_EVERYDAY,
	    NOT_GENUINE " (register_device_id)", IGNORED },
	[CODE_REGISTER_URL] = { "register_url", CODE_EVERYDAY, TOLD_ELSEWHERE },
	[CODE_REGISTER_TIME] = { "register_time", CODE_EVERYDAY,
	    "The registration's time is too far from the server's",
	    "Set this machine's clock" },
	[CODE_REGISTER_REQUEST_KEY] = { "register_request_key", CODE_EVERYDAY,
	    TOLD_ELSEWHERE },
	[CODE_REGISTER_SIGNATURE] = { "register_signature", CODE_EVERYDAY,
	    NOT_GENUINE " (register_signature)", IGNORED },
	[CODE_REGISTER_JOIN] = { "register_join", CODE_EVERYDAY,
	    NOT_GENUINE " (register_join)", IGNORED },
	[CODE_REQUEST_FORM] = { "request_form", CODE_EVERYDAY, TOLD_ELSEWHERE },
	[CODE_REQUEST_KEY_UNKNOWN] = { "request_key_unknown", CODE_EVERYDAY,
	    TOLD_ELSEWHERE },
	[CODE_REQUEST_MAC] = { "request_mac", CODE_EVERYDAY, TOLD_ELSEWHERE },
	[CODE_REQUEST_TIME] = { "request_time", CODE_EVERYDAY, TOLD_ELSEWHERE },
	[CODE_VAULT_KEY_REPLACED] = { "vault_key_replaced", CODE_EVERYDAY,
	    TOLD_ELSEWHERE },
	[CODE_VERSION_CONFLICT] = { "version_conflict", CODE_EVERYDAY,
	    TOLD_ELSEWHERE },
	[CODE_LOG_CHANGED] = { "log_changed", CODE_EVERYDAY, TOLD_ELSEWHERE },
	[CODE_HEADS_CHANGED] = { "heads_changed", CODE_EVERYDAY,
	    TOLD_ELSEWHERE },
	[CODE_READERS_CHANGED] = { "readers_changed", CODE_EVERYDAY,
	    TOLD_ELSEWHERE },
	[CODE_WRAPS_MISSING] = { "wraps_missing", CODE_EVERYDAY,
	    TOLD_ELSEWHERE },
};

static const struct row *
row_of(int code)
{
	return code > 0 && code < CODE_N ? &rows[code] : &rows[CODE_GOOD];
}

const char *
code_name(int code)
{
	return row_of(code)->name;
}

enum code_kind
code_kind(int code)
{
	return row_of(code)->kind;
}

int
code_find(const char *name, size_t len)
{
	for (int i = CODE_GOOD + 1; i < CODE_N; i++)
		if (strlen(rows[i].name) == len &&
		    memcmp(rows[i].name, name, len) == 0)
			return i;
	return 0;
}

/* NULL: nothing is known of it. */
static const char *
value_of(
    const char *name, size_t len, const struct code_fill *fills, size_t n_fills)
{
	for (size_t i = 0; i < n_fills; i++)
		if (strlen(fills[i].name) == len &&
		    memcmp(fills[i].name, name, len) == 0)
			return fills[i].value;
	return NULL;
}

static int
fill(struct blob *out, const char *text, const struct code_fill *fills,
    size_t n_fills)
{
	const char *open, *close, *value;
	int r;

	while ((open = strchr(text, '{')) != NULL &&
	       (close = strchr(open, '}')) != NULL) {
		value = value_of(
		    open + 1, (size_t)(close - open - 1), fills, n_fills);
		if ((r = blob_append(out, text, (size_t)(open - text))) != 0)
			return r;
		if (value != NULL)
			r = blob_append_str(out, value);
		else
			r = blob_append(out, open, (size_t)(close + 1 - open));
		if (r != 0)
			return r;
		text = close + 1;
	}
	return blob_append_str(out, text);
}

int
code_text(
    struct blob *out, int code, const struct code_fill *fills, size_t n_fills)
{
	const struct row *row = row_of(code);

	return fill(
	    out, row->text != NULL ? row->text : row->name, fills, n_fills);
}

int
code_hint(
    struct blob *out, int code, const struct code_fill *fills, size_t n_fills)
{
	const char *hint = row_of(code)->hint;

	return fill(out, hint != NULL ? hint : "", fills, n_fills);
}
