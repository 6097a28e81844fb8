"""An exploration by several workers, for some time, or in several sittings."""
