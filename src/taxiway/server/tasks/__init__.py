"""Tasks: the nodes of a workflow, each a function of its repository or inline Python."""
