#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 47: a client of v2 is told to speak v1: by a 404, by an error, by HTML. It
# is VAULT_KEY's form that says which protocol is spoken.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
answers = [(404, '{"error":"Not found","code":"not_found"}'), (404, "<html>not here</html>"),
           (200, "<html>log in</html>"), (409, '{"error":"This project uses protocol v1",'
                                               '"code":"protocol_v1"}'),
           (400, '{"error":"Use /api/v1/"}'), (405, '{"error":"Method not allowed"}')]
for status, text in answers:
    def told(call):
        call.status, call.raw, call.mac = status, text, ""

    print("# %d %s" % (status, text))
    hostile.lie(".*", told)
    victim = Victim(team.writer, team)
    victim.env_file("A=WRONG")
    victim.refuses("reply_mac", 4)
    victim.refuses("reply_mac", 4, "push", "--replace", "--yes")
    victim.refuses("reply_mac", 4, "list-devices")
    spoken = {call.target[:8] for call in hostile.calls}
    same(spoken, {"/api/v2/"}, "no request of v1 is sent")
    hostile.honest()
Victim(team.reader, team).reads("right")
done()
