/* SPDX-License-Identifier: MIT */
/*
 * bundle-fuzz.c: any bytes as a bundle, for a device of the vectors' project,
 * with its clock and without pins: refused, or opened to one of the values that
 * were pushed there. And any bytes as a file of pins and as a cache.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "vault/open.h"

#define PROJECT "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"
#define NOW     INT64_C(1774864000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool good)
{
	if (!good)
		abort();
}

/* The keys are the vectors' own ("derived"): they open nothing else. */
static void
machine(struct vault_key *key, struct device *device)
{
	check(vault_key_read(key,
		  "vk_" PROJECT "_17143e9a83c38b7079121849a0598d3b5537a6c7"
		  "ea8d50eecbde1a84d904ecd5_"
		  "2e7efeb001d899c20201b2daf6cdf78367e262435"
		  "4e8b852190d60ea81473275") == 0);
	check(device_read(device, PROJECT,
		  "7ad0b51f9278131ef9672924171c1cd60a8557a6f253a8c41fd51d30b1d0"
		  "c569") == 0);
}

static void
open_bundle(const struct opening *in, const char *text, size_t len)
{
	struct members log;
	struct finding why;
	struct bundle b;
	struct opened o;
	const char *value;
	int r;

	if (bundle_read(&b, text, len) != 0)
		return;
	members_init(&log, PROJECT);
	r = bundle_open(in, &log, &b, &o, &why);
	check(r >= 0 && r < CODE_N);
	if (r == 0) {
		value = json_find_text(&o.secrets, "DB_URL");
		check(value != NULL && strcmp(value, "postgres://db/5") == 0);
	}
	opened_reset(&o);
	members_reset(&log);
	bundle_reset(&b);
}

/* What can be read can be written, and reads the same. */
static void
read_pins(const char *text, size_t len)
{
	struct pins pins = { .n_envs = 0 }, again = { .n_envs = 0 };
	struct blob out;
	bool other;

	blob_init(&out, SIZE_MAX);
	if (pins_read(&pins, PROJECT, text, len, true, &other) == 0 && !other) {
		check(pins_write(&out, PROJECT, &pins) == 0);
		check(pins_read(&again, PROJECT, (char *)out.data, out.len,
			  false, &other) == 0);
		check(again.n_envs == pins.n_envs &&
		      again.log.version == pins.log.version);
	}
	pins_reset(&pins);
	pins_reset(&again);
	blob_reset(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct vault_key key;
	static struct device device;
	struct opening in = { .key = &key,
		.device = &device,
		.env = "production",
		.now_ms = NOW };
	const char *text = (const char *)data;
	struct text bundle;

	if (key.project[0] == '\0')
		machine(&key, &device);
	open_bundle(&in, text, len);
	read_pins(text, len);
	in.source = FROM_CACHE;
	if (cachefile_read(&in, text, len, &in.cached_at_ms, &bundle) == 0)
		open_bundle(&in, bundle.at, bundle.len);
	return 0;
}
