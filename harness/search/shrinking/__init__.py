"""From a run that shows a finding to the plainest one that does."""
