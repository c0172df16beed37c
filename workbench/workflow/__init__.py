"""The main job, room by room. Its parts are imported one by one: reading a program needs no statistics."""
