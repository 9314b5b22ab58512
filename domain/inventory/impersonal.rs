//! What is stored and says nothing of a person.
//!
//! Must not be here: anything that does (`super::INVENTORY`).

/// Stored fields that say nothing of a person, by record, so that each field was thought about once.
pub const IMPERSONAL: &[(&str, &[&str])] = &[
    (
        "Agenda",
        // The maps hold the records listed by name.
        &[
            "key",
            "seq",
            "profile",
            "types",
            "retired_types",
            "rules",
            "exceptions",
            "absences",
            "holds",
            "bookings",
            "remembered",
            "course",
            "waiting",
        ],
    ),
    // Its maps hold the records listed by name.
    ("Course", &["marks", "series", "delay"]),
    // How late a practitioner runs, told to whoever waits.
    ("Delay", &["minutes", "at"]),
    (
        "Practice",
        // The maps hold the records listed by name.
        &[
            "id",
            "seq",
            "face",
            "places",
            "practitioners",
            "staff",
            "notices",
            "members",
            "invitations",
            "acceptances",
            "support_grants",
            "break_glasses",
            "began",
            "reviewed",
            "locks",
            "past_accesses",
        ],
    ),
    ("Leaf", &["act", "outcome", "agenda", "command", "count"]),
    (
        // In `wishes` of an entry, which is listed.
        "Wishes",
        &[
            "weekdays",
            "from_minute_of_day",
            "until_minute_of_day",
            "first_day",
            "last_day",
            "notice_minutes",
            "place",
        ],
    ),
    ("Rights", &["elsewhere", "agendas"]),
    (
        "Invitation",
        // Nobody's yet: what the link will give to whoever was sent it.
        &[
            "id",
            "link_hash",
            "role",
            "rights",
            "agenda",
            "member_from",
            "member_until",
            "expires_at",
        ],
    ),
    ("SupportGrant", &["id"]),
    ("BreakGlass", &["id"]),
    ("PastAccess", &["access", "ended_at"]),
    ("Recorded", &["seq", "last_of_command", "event"]),
    ("Remembered", &["seq"]),
    ("Absence", &["id"]),
    ("Practitioner", &["colour"]),
    ("Place", &["id", "zone"]),
    ("Notice", &["version", "french", "english"]),
    (
        "Profile",
        &[
            "zone",
            "granularity_minutes",
            "hold_ttl_seconds",
            "holidays",
            "open_on_holidays",
            "week_a_monday",
        ],
    ),
    (
        "AppointmentType",
        &[
            "id",
            "name",
            "duration_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "colour",
            "online",
            "minimum_notice_minutes",
            "booking_window_days",
            "cancellation_cutoff_minutes",
            "daily_cap",
            "opens",
        ],
    ),
    (
        "OpeningRule",
        &[
            "id",
            "weekday",
            "from_minute_of_day",
            "until_minute_of_day",
            "types",
            "place",
            "weeks",
            "valid_from",
            "valid_until",
            "release",
        ],
    ),
    (
        "ExceptionalOpening",
        &[
            "id",
            "date",
            "from_minute_of_day",
            "until_minute_of_day",
            "types",
            "place",
            "release",
        ],
    ),
];
