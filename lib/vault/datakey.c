/* SPDX-License-Identifier: MIT */
/*
 * datakey.c: see datakey.h. A data key is used for nothing but to derive its id
 * and the key of its contents; each is bound to project and environment. Must
 * not know who may read, nor look into a plaintext.
 */
#include "config.h"

#include <string.h>

#include "vault/datakey.h"
#include "vault/hpke.h"
#include "wire/labels.h"
#include "wire/lp.h"

#define TEXT_MAX 1024
_Static_assert(HPKE_OVERHEAD + KEY_LEN == WRAP_LEN, "a wrap of one key");
_Static_assert(SEAL_OVERHEAD + KEY_LEN == OLD_PSK_LEN, "a sealed psk");

static int
derive(uint8_t out[KEY_LEN], const struct place *place, const char *salt,
    const uint8_t data_key[KEY_LEN])
{
	struct blob info;
	int r;

	blob_init(&info, TEXT_MAX);
	if ((r = lp_append_text(&info, place->project)) == 0 &&
	    (r = lp_append_text(&info, place->env)) == 0)
		r = hkdf_sha256(out, KEY_LEN, data_key, KEY_LEN, salt,
		    strlen(salt), info.data, info.len);
	blob_reset(&info);
	return r;
}

int
data_key_id(uint8_t id[HASH_LEN], const struct place *place,
    const uint8_t data_key[KEY_LEN])
{
	return derive(id, place, LABEL_KEY_ID_V2, data_key);
}

static int
wrap_info(struct blob *info, const struct place *place,
    const uint8_t key_id[HASH_LEN], const char *device)
{
	int r;

	if ((r = lp_append_text(info, LABEL_WRAP_V2)) != 0 ||
	    (r = lp_append_text(info, place->project)) != 0 ||
	    (r = lp_append_text(info, place->env)) != 0 ||
	    (r = lp_append(info, key_id, HASH_LEN)) != 0)
		return r;
	return lp_append_text(info, device);
}

static struct hpke_context
context_of(const struct blob *info, const struct psk *psk)
{
	return (struct hpke_context){ .info = info->data,
		.info_len = info->len,
		.psk = psk->key,
		.psk_id = psk->join,
		.psk_id_len = PUBLIC_KEY_LEN };
}

int
wrap_seal(struct wrap *w, const struct place *place,
    const uint8_t data_key[KEY_LEN], const char *device,
    const uint8_t box[PUBLIC_KEY_LEN], const struct psk *psk)
{
	struct hpke_context context;
	struct blob info;
	int r;

	blob_init(&info, TEXT_MAX);
	memcpy(w->device, device, sizeof(w->device));
	if ((r = data_key_id(w->key_id, place, data_key)) != 0 ||
	    (r = wrap_info(&info, place, w->key_id, device)) != 0)
		goto out;
	context = context_of(&info, psk);
	r = hpke_seal(w->bytes, box, &context, data_key, KEY_LEN);
	if (r == VAULTENV_ERR_INVALID)
		r = CODE_LOW_ORDER;
	w->len = WRAP_LEN;
out:
	blob_reset(&info);
	return r;
}

int
wrap_open(uint8_t data_key[KEY_LEN], const struct wrap *w,
    const struct place *place, const uint8_t key_id[HASH_LEN],
    const struct device *device, const struct psk *psk)
{
	struct hpke_context context;
	uint8_t id[HASH_LEN];
	struct blob info;
	int r;

	if (w->len != WRAP_LEN)
		return CODE_WRAP_OPEN;
	blob_init(&info, TEXT_MAX);
	if ((r = wrap_info(&info, place, key_id, device->id)) != 0)
		goto out;
	context = context_of(&info, psk);
	r = hpke_open(data_key, device->box_secret, device->box, &context,
	    w->bytes, WRAP_LEN);
	if (r == VAULTENV_ERR_INVALID)
		r = CODE_LOW_ORDER;
	else if (r == VAULTENV_ERR_DECRYPT)
		r = CODE_WRAP_OPEN;
	if (r != 0 || (r = data_key_id(id, place, data_key)) != 0)
		goto out;
	if (!mem_equal(id, key_id, HASH_LEN))
		r = CODE_KEY_COMMITMENT;
out:
	if (r != 0)
		mem_wipe(data_key, KEY_LEN);
	blob_reset(&info);
	return r;
}

/* The content key, and what is authenticated beside the ciphertext. */
static int
content_begin(uint8_t key[KEY_LEN], struct blob *aad, const struct place *place,
    int64_t version, const uint8_t data_key[KEY_LEN])
{
	uint8_t id[HASH_LEN];
	int r;

	if ((r = derive(key, place, LABEL_CONTENT_V2, data_key)) != 0 ||
	    (r = data_key_id(id, place, data_key)) != 0 ||
	    (r = lp_append_text(aad, LABEL_BLOB_V2)) != 0 ||
	    (r = lp_append_text(aad, place->project)) != 0 ||
	    (r = lp_append_text(aad, place->env)) != 0 ||
	    (r = num_append(aad, version)) != 0)
		return r;
	return lp_append(aad, id, HASH_LEN);
}

/* The size tells no more than a KiB would: JSON allows the spaces. */
static int
pad(struct blob *out, const void *text, size_t len)
{
	const size_t spaces =
	    (CONTENT_STEP - len % CONTENT_STEP) % CONTENT_STEP;
	int r;

	if ((r = blob_reserve(out, len + spaces)) != 0 ||
	    (r = blob_append(out, text, len)) != 0)
		return r;
	memset(out->data + out->len, ' ', spaces);
	out->len += spaces;
	return 0;
}

int
content_seal(struct blob *out, const struct place *place, int64_t version,
    const uint8_t data_key[KEY_LEN], const void *text, size_t len)
{
	struct blob aad, plain;
	uint8_t key[KEY_LEN];
	uint8_t *p;
	int r;

	blob_init(&aad, TEXT_MAX);
	blob_init(&plain, SIZE_MAX);
	if ((r = content_begin(key, &aad, place, version, data_key)) != 0 ||
	    (r = pad(&plain, text, len)) != 0 ||
	    (r = blob_reserve(out, SEAL_OVERHEAD + plain.len)) != 0)
		goto out;
	p = out->data + out->len;
	r = aead_encrypt(p, p + IV_LEN, p + SEAL_OVERHEAD, key, aad.data,
	    aad.len, plain.data, plain.len);
	if (r == 0)
		out->len += SEAL_OVERHEAD + plain.len;
out:
	mem_wipe(key, sizeof(key));
	blob_reset(&aad);
	blob_reset(&plain);
	return r;
}

int
content_open(struct blob *plain, const struct place *place, int64_t version,
    const uint8_t data_key[KEY_LEN], const uint8_t *box, size_t len)
{
	uint8_t key[KEY_LEN];
	struct blob aad;
	int r;

	if (len < SEAL_OVERHEAD)
		return CODE_BLOB_OPEN;
	len -= SEAL_OVERHEAD;
	blob_init(&aad, TEXT_MAX);
	if ((r = content_begin(key, &aad, place, version, data_key)) != 0 ||
	    (r = blob_reserve(plain, len)) != 0)
		goto out;
	r = aead_decrypt(plain->data + plain->len, key, box, box + IV_LEN,
	    aad.data, aad.len, box + SEAL_OVERHEAD, len);
	if (r == 0)
		plain->len += len;
	else if (r == VAULTENV_ERR_DECRYPT)
		r = CODE_BLOB_OPEN;
out:
	mem_wipe(key, sizeof(key));
	blob_reset(&aad);
	return r;
}

static int
chain_begin(uint8_t key[KEY_LEN], struct blob *aad, const char *project,
    const uint8_t psk[KEY_LEN], const uint8_t *old_join,
    const uint8_t *new_join)
{
	struct blob info;
	int r;

	blob_init(&info, TEXT_MAX);
	if ((r = lp_append_text(&info, project)) != 0 ||
	    (r = lp_append(&info, new_join, PUBLIC_KEY_LEN)) != 0 ||
	    (r = hkdf_sha256(key, KEY_LEN, psk, KEY_LEN, LABEL_PSK_CHAIN_V2,
		 strlen(LABEL_PSK_CHAIN_V2), info.data, info.len)) != 0 ||
	    (r = lp_append_text(aad, LABEL_PSK_CHAIN_V2)) != 0 ||
	    (r = lp_append_text(aad, project)) != 0 ||
	    (r = lp_append(aad, old_join, PUBLIC_KEY_LEN)) != 0)
		goto out;
	r = lp_append(aad, new_join, PUBLIC_KEY_LEN);
out:
	blob_reset(&info);
	return r;
}

int
chain_seal(uint8_t sealed[OLD_PSK_LEN], const struct vault_key *new_key,
    const struct vault_key *old_key)
{
	uint8_t key[KEY_LEN];
	struct blob aad;
	int r;

	blob_init(&aad, TEXT_MAX);
	r = chain_begin(key, &aad, new_key->project, new_key->psk,
	    old_key->join, new_key->join);
	if (r == 0)
		r = aead_encrypt(sealed, sealed + IV_LEN,
		    sealed + SEAL_OVERHEAD, key, aad.data, aad.len,
		    old_key->psk, KEY_LEN);
	mem_wipe(key, sizeof(key));
	blob_reset(&aad);
	return r;
}

/* From generation g to the one before it, in place. */
static int
step_back(uint8_t psk[KEY_LEN], const struct members *m, int64_t g)
{
	const uint8_t *sealed = m->generations[g].old_psk;
	uint8_t key[KEY_LEN];
	struct blob aad;
	int r;

	blob_init(&aad, TEXT_MAX);
	r = chain_begin(key, &aad, m->project, psk, m->generations[g - 1].join,
	    m->generations[g].join);
	if (r == 0)
		r = aead_decrypt(psk, key, sealed, sealed + IV_LEN, aad.data,
		    aad.len, sealed + SEAL_OVERHEAD, KEY_LEN);
	mem_wipe(key, sizeof(key));
	blob_reset(&aad);
	return r == VAULTENV_ERR_DECRYPT ? CODE_LOG_ROTATE : r;
}

int
chain_open(struct psk *out, const struct members *m,
    const struct vault_key *key, int64_t generation)
{
	const int64_t own = members_generation(m, key->join);
	int r = 0;

	if (generation < 0 || generation > own)
		return CODE_WRAP_OPEN;
	memcpy(out->key, key->psk, KEY_LEN);
	out->join = m->generations[generation].join;
	for (int64_t g = own; r == 0 && g > generation; g--)
		r = step_back(out->key, m, g);
	if (r != 0)
		mem_wipe(out->key, KEY_LEN);
	return r;
}
