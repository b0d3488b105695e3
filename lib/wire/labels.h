/* SPDX-License-Identifier: MIT */
/*
 * labels.h: every label, salt and limit of the protocol, named once. Macros
 * only: a label is in a binary only where some code uses it, which is how the
 * link test can show that the server never learns the encryption label.
 */
#ifndef VAULTENV_LABELS_H
#define VAULTENV_LABELS_H

/* protocol v1: HKDF salts (RFC 5869), info empty */
#define LABEL_AUTH_V1    "vault-auth-v1"
#define LABEL_ENCRYPT_V1 "vault-encrypt-v1"

/* protocol v2: statements (their first field), MACs and HKDF salts. Each serves
 * once under one key. */
#define LABEL_LOG_V2        "vault-log-v2"
#define LABEL_RECORD_V2     "vault-record-v2"
#define LABEL_REGISTER_V2   "vault-register-v2"
#define LABEL_DELETE_V2     "vault-delete-v2"
#define LABEL_DEVICE_ID_V2  "vault-device-id-v2"
#define LABEL_REQUEST_V2    "vault-request-v2" /* the salt of its key, too */
#define LABEL_REQUEST_ID_V2 "vault-request-id-v2"
#define LABEL_REPLY_V2      "vault-reply-v2"
#define LABEL_HEADS_V2      "vault-heads-v2"
/* client only */
#define LABEL_PSK_V2         "vault-psk-v2"
#define LABEL_PSK_CHAIN_V2   "vault-psk-chain-v2"
#define LABEL_JOIN_V2        "vault-join-v2"
#define LABEL_DEVICE_SIGN_V2 "vault-device-sign-v2"
#define LABEL_DEVICE_BOX_V2  "vault-device-box-v2"
#define LABEL_CACHE_V2       "vault-cache-v2"
#define LABEL_KEY_ID_V2      "vault-key-id-v2"
#define LABEL_CONTENT_V2     "vault-content-v2"
#define LABEL_BLOB_V2        "vault-blob-v2"
#define LABEL_WRAP_V2        "vault-wrap-v2"
#define LABEL_EXPOSED_V2     "vault-exposed-v2"

/* server only: the server key's fingerprint */
#define LABEL_SERVER_KEY_ID "vault-server-key-id-v1"
/* and what binds a request key that it seals to its device */
#define LABEL_MEMBER_KEY_V2    "vault-member-key-v2"

#define SIGNATURE_HEADER_LEN   82 /* "v=" 13 digits ",d=" 64 hex */
#define SIGNATURE_MAX_AGE_MS   300000
#define SIGNATURE_MAX_AHEAD_MS 60000

#endif
