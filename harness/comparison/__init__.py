"""The comparison of topologies: what each breaks, how often, at what cost, and what stops it."""
