/* SPDX-License-Identifier: MIT */
/*
 * property-t.c: random honest histories open for each device that may read,
 * from each pin; for nobody else; and with one byte changed they do not open,
 * or give the same. PROPERTY_SEED and PROPERTY_RUNS choose other lives.
 */
#include "config.h"

#include "project.h"
#include "tap.h"

#define STEPS 250

/* What opening came to; value is of the secret A. */
struct result {
	int code;
	char value[64];
};

static struct result
open_json(const struct project *p, const struct device *d, const char *env,
    int64_t version, const struct pins *pins, const char *json, size_t len)
{
	struct opening in = { .key = &p->keys[p->n_keys - 1],
		.device = d,
		.env = env,
		.version = version,
		.now_ms = P_NOW,
		.pins = pins };
	struct result result = { .value = "" };
	struct members log;
	struct finding why;
	struct bundle b;
	struct opened o;

	if ((result.code = bundle_read(&b, json, len)) != 0)
		return result;
	members_init(&log, p->log.project);
	result.code = bundle_open(&in, &log, &b, &o, &why);
	if (result.code == 0)
		snprintf(result.value, sizeof(result.value), "%s",
		    json_find_text(&o.secrets, "A"));
	opened_reset(&o);
	bundle_reset(&b);
	members_reset(&log);
	return result;
}

/* What a device is entitled to. */
static int
entitled(const struct project *p, const struct device *d, const char *env)
{
	const struct member *m = members_find(&p->log, d->id);

	if (m == NULL)
		return CODE_DEVICE_UNKNOWN;
	if (member_now(m)->revoked)
		return CODE_DEVICE_REVOKED;
	return grant_reads(member_now(m), env) ? 0 : CODE_DEVICE_SCOPE;
}

static int n_opened, n_refused;

/* The newest version, for each device and from each pin. */
static int
check_env(const struct project *p, const struct p_env *e)
{
	struct pins pins;
	struct blob json;
	struct result r;
	int wrong = 0;

	blob_init(&json, SIZE_MAX);
	for (size_t first = 1; first <= e->n; first++) {
		json.len = 0;
		project_bundle(p, e, first, e->n, e->n, &json);
		project_pins(p, e, first, &pins);
		for (size_t i = 0; i < P_DEVICES; i++) {
			const int want = entitled(p, &p->devices[i], e->name);

			r = open_json(p, &p->devices[i], e->name, 0, &pins,
			    (char *)json.data, json.len);
			if (r.code != want ||
			    (want == 0 &&
				strcmp(r.value, e->versions[e->n - 1].value) !=
				    0)) {
				printf("# %s from %zu of %zu, device %zu: %s "
				       "instead of %s\n",
				    e->name, first, e->n, i, code_name(r.code),
				    code_name(want));
				wrong++;
			}
			n_opened += r.code == 0;
			n_refused += r.code != 0;
		}
		pins_reset(&pins);
	}
	blob_reset(&json);
	return wrong;
}

/* One byte of the bundle changed: refused, or the same plaintext. */
static int
check_flips(struct project *p, const struct p_env *e, int n)
{
	const struct p_version *newest = &e->versions[e->n - 1];
	struct blob json;
	struct pins pins;
	struct result r;
	int wrong = 0;

	blob_init(&json, SIZE_MAX);
	project_bundle(p, e, 1, e->n, e->n, &json);
	project_pins(p, e, e->n, &pins);
	for (int i = 0; i < n; i++) {
		const size_t at = project_choose(p, json.len);
		const uint8_t old = json.data[at];

		json.data[at] ^= (uint8_t)(1 + project_choose(p, 255));
		r = open_json(p, &p->devices[0], e->name, 0, &pins,
		    (char *)json.data, json.len);
		json.data[at] = old;
		if (r.code < 0 ||
		    (r.code == 0 && strcmp(r.value, newest->value) != 0)) {
			printf("# byte %zu: %d, '%s'\n", at, r.code, r.value);
			wrong++;
		}
		n_refused += r.code != 0;
	}
	pins_reset(&pins);
	blob_reset(&json);
	return wrong;
}

/* Whoever may not write there signs a next version, citing any entry. */
static int
check_intruders(struct project *p, const struct p_env *e)
{
	const char *newest = e->versions[e->n - 1].record;
	struct record before, r, read;
	struct blob bytes, text;
	int wrong = 0, code;

	blob_init(&bytes, SIZE_MAX);
	blob_init(&text, SIZE_MAX);
	if (record_read(
		&before, &bytes, (struct text){ newest, strlen(newest) }) != 0)
		abort();
	for (size_t i = 0; i < P_DEVICES; i++) {
		const struct device *d = &p->devices[i];
		const struct member *m = members_find(&p->log, d->id);

		if (m != NULL && grant_writes(member_now(m), e->name))
			continue;
		for (size_t seq = 0; seq < p->log.n_steps; seq++) {
			record_begin(
			    &r, &p->log, e->name, &before, d->id, P_NOW - 1000);
			r.log_seq = (int64_t)seq;
			memcpy(r.log_hash, p->log.steps[seq].hash, HASH_LEN);
			text.len = bytes.len = 0;
			if (record_sign(&text, &r, d) != 0)
				abort();
			code = record_read(&read, &bytes,
			    (struct text){ (char *)text.data, text.len });
			if (code != 0 ||
			    record_check(&p->log, &read, e->name) == 0)
				wrong++;
			n_refused++;
		}
	}
	blob_reset(&bytes);
	blob_reset(&text);
	return wrong;
}

static void
live(uint64_t seed)
{
	struct project *p = project_new(seed);
	int wrong = 0, flips = 0, intruders = 0;

	for (int i = 0; i < STEPS; i++)
		if (project_step(p) && i % 50 == 0)
			for (size_t e = 0; e < P_ENVS; e++)
				wrong += check_env(p, &p->envs[e]);
	for (size_t e = 0; e < P_ENVS; e++) {
		if (p->envs[e].n == 0)
			continue;
		wrong += check_env(p, &p->envs[e]);
		intruders += check_intruders(p, &p->envs[e]);
		if (entitled(p, &p->devices[0], p->envs[e].name) == 0)
			flips += check_flips(p, &p->envs[e], 60);
	}
	is_int(wrong, 0, "each device opens what it may, from each pin");
	is_int(flips, 0, "with a byte changed it does not, or gives the same");
	is_int(intruders, 0, "who may not write is refused, whatever is cited");
	printf("# seed %" PRIu64 ": %zu entries, %zu keys, %zu + %zu + %zu "
	       "versions\n",
	    seed, p->log.n_steps, p->n_keys, p->envs[0].n, p->envs[1].n,
	    p->envs[2].n);
	project_free(&p);
}

int
main(void)
{
	const char *seed = getenv("PROPERTY_SEED");
	const char *runs = getenv("PROPERTY_RUNS");
	const uint64_t first = seed == NULL ? 1 : strtoull(seed, NULL, 10);
	const uint64_t n = runs == NULL ? 3 : strtoull(runs, NULL, 10);

	for (uint64_t i = 0; i < n; i++)
		live(first + i);
	printf("# %d opened, %d refused\n", n_opened, n_refused);
	ok(n_opened > 0 && n_refused > 0, "both happened");
	return tap_done();
}
