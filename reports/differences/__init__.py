"""Two reports compared: what is new, fixed, worse and better beyond the noise."""
