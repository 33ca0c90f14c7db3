"""What runs in the task's own interpreter, beside user code. Standard library only.

It is loaded by its path as `taxiway_inside`, in an environment that does not have Taxiway; hence
the relative imports. Slow modules are imported where they are needed: each task pays for them.
"""
