#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Runs watch.js, which says what it tests, with a server and a project of its own.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/node";
use NodeTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx', 'psql', 'node');
NodeTest::run_js('watch', NodeTest::project(VaultTest->server));
