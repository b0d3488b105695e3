#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The first pages of dotenv's manual as programs, with only the import changed.
# manual.js has them.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/node";
use NodeTest;

NodeTest::run_js('manual');
