"""The record: what was done, by whom, to what; rows are only ever added."""
