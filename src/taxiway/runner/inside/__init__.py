"""What runs in the task's own interpreter, beside user code. Standard library only.

It is loaded by its path as `taxiway_inside`, in an environment that does not have Taxiway; hence
the relative imports. Each task pays for what is imported here: `json`, `logging`, `typing` and
`inspect` alone cost more than the start of Python. So they are imported where they are needed,
and types are named only where a type checker looks.
"""
