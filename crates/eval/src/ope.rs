//! Off-policy evaluation: what another policy would have been worth, estimated from the log of this one.
