#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Runs fallback.js, which says what it tests.
# protocol 1
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/node";
use NodeTest;

NodeTest::run_js('fallback');
