/* SPDX-License-Identifier: MIT */
/*
 * Every label, salt and limit of the protocol, named once. Macros
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

#define SIGNATURE_HEADER_LEN	82	/* "v=" 13 digits ",d=" 64 hex */
#define SIGNATURE_MAX_AGE_MS	300000
#define SIGNATURE_MAX_AHEAD_MS	60000

#endif
