/* SPDX-License-Identifier: MIT */
/*
 * Every label, salt, algorithm and size of the protocol, named once. Macros
 * only: a label is in a binary only where some code uses it, which is how the
 * link test can show that the server never learns the encryption label.
 */
#ifndef VAULTENV_LABELS_H
#define VAULTENV_LABELS_H

/* protocol v1: HKDF salts (RFC 5869), info empty */
#define LABEL_AUTH_V1		"vault-auth-v1"
#define LABEL_ENCRYPT_V1	"vault-encrypt-v1"

/* server only: the server key's fingerprint */
#define LABEL_SERVER_KEY_ID	"vault-server-key-id-v1"

#define ALGO_HASH		GCRY_MD_SHA256
#define ALGO_MAC		GCRY_MD_SHA256 /* HMAC over it */
#define ALGO_CIPHER		GCRY_CIPHER_AES256

#define HASH_LEN		32	/* SHA-256 */
#define MAC_LEN			32	/* HMAC-SHA256 */
#define KEY_LEN			32	/* AES-256 and the auth key */
#define IV_LEN			12	/* SP 800-38D 5.2.1.1 */
#define TAG_LEN			16	/* SP 800-38D, full tag only */
#define SEAL_OVERHEAD		(IV_LEN + TAG_LEN)

#define SIGNATURE_HEADER_LEN	82	/* "v=" 13 digits ",d=" 64 hex */
#define SIGNATURE_MAX_AGE_MS	300000
#define SIGNATURE_MAX_AHEAD_MS	60000

#endif
