"""The daemon's own cycle in closed loop over recorded data, against the rules and bounds that it must be held to."""
