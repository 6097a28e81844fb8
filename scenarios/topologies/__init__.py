"""The topologies, one file each, as a user would write them."""
