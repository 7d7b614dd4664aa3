//! How much memory the process has held.

/// Forgets the peak so far, where the system can (Linux); elsewhere peaks are those of the process so far, which is
/// why small runs are measured first.
pub(super) fn forget_peak() {
    // "5" resets the peak resident set size, see proc_pid_clear_refs(5). A refusal leaves the peak as it was.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The largest resident set size since the start, or since the peak was forgotten, in bytes (Linux only).
pub(super) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
