#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Runs server.js, which says what it tests, with a server and a project of its
# own, over TLS: libcurl and node may each bring an OpenSSL into the process.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/node";
use NodeTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx', 'psql', 'node', 'openssl');
NodeTest::run_js('server', NodeTest::project(VaultTest->server(tls => 1)));
