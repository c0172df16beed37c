"""The verbs of the front doors, each from start to end; modules are imported one by one."""
