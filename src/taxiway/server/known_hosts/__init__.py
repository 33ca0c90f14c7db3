"""Known hosts: the public keys that SSH hosts may show. Without one, nothing is said to a host."""
