#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 5: the blob of another version under the newest record; a bit flipped in it.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "WRONG, the old one")
old = team.blobs["production", 1]
team.push(team.writer, "production", "right")
for at, what in ((None, "another version's"), (0, "a bit of the iv"), (12, "a bit of the tag"),
                 (28, "a bit of the text"), (-1, "the last bit")):
    print("# " + what)
    hostile.lie("secrets/pull", edit("secrets", lambda text: (
        b64(old) if at is None else flip(text, at))))
    Victim(team.reader, team).refuses("blob_hash", 5, n=2)
    hostile.honest()
Victim(team.reader, team).reads("right")
done()
