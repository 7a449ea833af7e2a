"""Check a mission before it is flown: pass, warn or refuse, each with its reason and source."""
