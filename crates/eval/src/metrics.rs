//! Retention, engagement and recommendation quality, counted from a log.
