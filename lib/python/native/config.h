/* SPDX-License-Identifier: MIT */
/* What configure would find; setup.py gives PACKAGE_VERSION. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
