#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 1: staging's newest version served for production; another project's data.
# Environment and project are in what the writer signed.
from evil import *

team, other = EvilTeam(), EvilTeam()
team.push(team.writer, "production", "right")
team.push(team.writer, "staging", "WRONG, staging's")
other.push(other.admin, "production", "WRONG, another project's")
victim, fresh = Victim(team.reader, team), Victim(team.reader, team)
victim.reads("right")


def instead(world, **fields):
    """The reply that world has to the same question."""
    return lambda call: call.answer(*shown(world, call.path, dict(
        call.body, record_have=None, records_from=None, **fields), call.device))


for machine, what in (victim, "with pins"), (fresh, "without"):
    print("# a client " + what)
    hostile.lie("secrets/pull", instead(team, environment="staging"))
    machine.refuses("wrong_environment", 5, other="staging")
    hostile.honest()
    hostile.lie("secrets/pull", instead(other))
    machine.refuses("wrong_project", 5)
    hostile.honest()
    machine.reads("right", said=" from the true server")
done()
