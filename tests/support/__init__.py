"""Stand-ins that keep the same contract as the real thing, and the tests of those contracts."""
