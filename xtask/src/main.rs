//! What is not a cargo command.

fn main() {}
