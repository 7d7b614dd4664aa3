//! End-to-end tests of the habitue command.
