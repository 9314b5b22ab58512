//! Reading and checking: unknown keys refused, every problem reported at once.

use super::{Accounts, Config};
use std::fmt;
use std::path::Path;

/// One thing wrong with a configuration, with the key it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted key (`server.bind`), or empty when the file as a whole is not TOML.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}", self.what)
        } else {
            write!(f, "{}: {}", self.key, self.what)
        }
    }
}

fn problem(key: &str, what: impl Into<String>) -> Problem {
    Problem {
        key: key.to_owned(),
        what: what.into(),
    }
}

/// Reads a configuration text. Keys left out take their defaults.
///
/// # Errors
/// Every problem found, never just the first.
pub fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| vec![problem("", error.to_string())])?;
    let mut problems = Vec::new();
    let config = Config {
        server: section(&table, "server", &mut problems),
        ops: section(&table, "ops", &mut problems),
        storage: section(&table, "storage", &mut problems),
        agendas: section(&table, "agendas", &mut problems),
        live: section(&table, "live", &mut problems),
        accounts: section(&table, "accounts", &mut problems),
        audit: section(&table, "audit", &mut problems),
        alerts: section(&table, "alerts", &mut problems),
        mail: section(&table, "mail", &mut problems),
        limits: section(&table, "limits", &mut problems),
    };
    const SECTIONS: [&str; 10] = [
        "server", "ops", "storage", "agendas", "live", "accounts", "audit", "alerts", "mail", "limits",
    ];
    problems.extend(
        table
            .keys()
            .filter(|key| !SECTIONS.contains(&key.as_str()))
            .map(|key| problem(key, "there is no such section")),
    );
    problems.extend(check(&config));
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// Reads one section key by key, so that one bad key does not hide another.
fn section<T>(table: &toml::Table, name: &str, problems: &mut Vec<Problem>) -> T
where
    T: Default + serde::Serialize + serde::de::DeserializeOwned,
{
    let Some(given) = table.get(name) else {
        return T::default();
    };
    let (Some(given), Ok(toml::Value::Table(mut merged))) = (given.as_table(), toml::Value::try_from(T::default()))
    else {
        problems.push(problem(name, "must be a section"));
        return T::default();
    };
    for (key, value) in given {
        let dotted = format!("{name}.{key}");
        let Some(before) = merged.insert(key.clone(), value.clone()) else {
            merged.remove(key);
            problems.push(problem(&dotted, "there is no such key"));
            continue;
        };
        if let Err(error) = toml::Value::Table(merged.clone()).try_into::<T>() {
            problems.push(problem(&dotted, error.message()));
            merged.insert(key.clone(), before);
        }
    }
    toml::Value::Table(merged).try_into().unwrap_or_default()
}

fn check(config: &Config) -> Vec<Problem> {
    let mut problems = check_server(config);
    let mut bounds = |key: &str, value: u64, least: u64, most: u64| {
        if !(least..=most).contains(&value) {
            problems.push(problem(key, format!("is {value}, must be between {least} and {most}")));
        }
    };
    bounds("server.http_threads", config.server.http_threads.into(), 1, 256);
    bounds(
        "server.connections_max",
        config.server.connections_max.into(),
        16,
        1_000_000,
    );
    bounds(
        "storage.queue_appends_max",
        config.storage.queue_appends_max.into(),
        1,
        1_000_000,
    );
    bounds(
        "storage.queue_bytes_max",
        config.storage.queue_bytes_max.into(),
        2 * 1024 * 1024,
        1024 * 1024 * 1024,
    );
    bounds(
        "audit.checkpoint_seconds",
        config.audit.checkpoint_seconds.into(),
        1,
        86_400,
    );
    bounds("audit.retention_months", config.audit.retention_months.into(), 6, 36);
    bounds("agendas.threads", config.agendas.threads.into(), 1, 256);
    bounds(
        "agendas.waiting_commands_max",
        config.agendas.waiting_commands_max.into(),
        1,
        100_000,
    );
    bounds("agendas.idle_seconds", config.agendas.idle_seconds.into(), 1, 86_400);
    bounds(
        "agendas.checkpoint_events",
        config.agendas.checkpoint_events.into(),
        1,
        10_000,
    );
    bounds("live.hub_threads", config.live.hub_threads.into(), 1, 256);
    bounds("live.boards_max", config.live.boards_max.into(), 1, 1_000_000);
    bounds(
        "live.boards_per_address_max",
        config.live.boards_per_address_max.into(),
        1,
        1_000_000,
    );
    bounds("live.ping_seconds", config.live.ping_seconds.into(), 1, 300);
    bounds("live.pong_seconds", config.live.pong_seconds.into(), 1, 60);
    bounds("live.stalled_seconds", config.live.stalled_seconds.into(), 1, 14);
    problems.extend(check_accounts(&config.accounts));
    for (key, what) in config.mail.problems() {
        problems.push(problem(&format!("mail.{key}"), what));
    }
    for (key, value, least, most) in config.alerts.limits.broken_bounds() {
        let key = format!("alerts.limits.{key}");
        problems.push(problem(&key, format!("is {value}, must be between {least} and {most}")));
    }
    problems
}

fn check_accounts(accounts: &Accounts) -> Vec<Problem> {
    // Least memory: OWASP ASVS 5.0, appendix C.
    let bounds = [
        ("session_idle_minutes", accounts.session_idle_minutes, 5..=1_440),
        ("session_minutes", accounts.session_minutes, 5..=10_080),
        (
            "password_memory_mebibytes",
            accounts.password_memory_mebibytes,
            46..=1_024,
        ),
        ("password_passes", accounts.password_passes, 1..=16),
        ("unused_days", accounts.unused_days, 30..=365),
    ];
    let broken = bounds.into_iter().filter(|(_, value, bound)| !bound.contains(value));
    let say = |(key, value, bound): (&str, u16, std::ops::RangeInclusive<u16>)| {
        let (least, most) = (bound.start(), bound.end());
        let key = format!("accounts.{key}");
        problem(&key, format!("is {value}, must be between {least} and {most}"))
    };
    broken.map(say).collect()
}

fn check_server(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let server = &config.server;
    let none = Path::new("");
    let has_certificate = server.certificate_file != none;
    if has_certificate != (server.private_key_file != none) {
        problems.push(problem(
            "server.certificate_file",
            "certificate_file and private_key_file go together",
        ));
    }
    if server.plain_http_on_loopback {
        if has_certificate {
            problems.push(problem(
                "server.plain_http_on_loopback",
                "choose either TLS or plain HTTP",
            ));
        }
        if !server.bind.ip().is_loopback() {
            problems.push(problem(
                "server.bind",
                "plain HTTP is served on loopback addresses only",
            ));
        }
    }
    for origin in &server.allowed_origins {
        let after_scheme = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        if after_scheme.is_none_or(|host| host.is_empty() || host.contains(['/', '*', ' '])) {
            problems.push(problem(
                "server.allowed_origins",
                format!("{origin:?} is not an origin such as https://agenda.example.fr (no path, no wildcard)"),
            ));
        }
    }
    if config.storage.data_dir == none {
        problems.push(problem("storage.data_dir", "must name a directory"));
    }
    if config.storage.installation_key_file == none {
        problems.push(problem("storage.installation_key_file", "must name a file"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../config.toml");

    #[test]
    fn the_shipped_file_is_the_default_and_explains_each_key() {
        assert_eq!(parse(SHIPPED).unwrap(), Config::default());
        let given: toml::Table = SHIPPED.parse().unwrap();
        let toml::Value::Table(expected) = toml::Value::try_from(Config::default()).unwrap() else {
            panic!("a table")
        };
        for (name, keys) in &expected {
            for key in keys.as_table().unwrap().keys() {
                assert!(
                    given[name].as_table().unwrap().contains_key(key),
                    "config.toml lacks {name}.{key}"
                );
            }
        }
        let mut previous = "";
        for line in SHIPPED.lines() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(previous.starts_with("# "), "no sentence above: {line}");
            }
            previous = line;
        }
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let text = "[server]\nbind = \"nonsense\"\nhttp_threads = 0\ntypo = 1\nallowed_origins = [\"https://a.fr/x\"]\n\
                    [live]\nstalled_seconds = 15\n[mystery]\n";
        let keys: Vec<String> = parse(text)
            .unwrap_err()
            .into_iter()
            .map(|problem| problem.key)
            .collect();
        assert_eq!(
            keys,
            [
                "server.bind",
                "server.typo",
                "mystery",
                "server.allowed_origins",
                "server.http_threads",
                "live.stalled_seconds"
            ]
        );
    }

    #[test]
    fn bounds_hold_at_the_bound() {
        for (text, ok) in [
            ("[live]\nstalled_seconds = 14", true),
            ("[live]\nstalled_seconds = 0", false),
            ("[agendas]\nthreads = 256", true),
            ("[agendas]\nthreads = 257", false),
            ("[alerts.limits]\nscan_files = 100", true),
            ("[alerts.limits]\nscan_files = 101", false),
            ("[alerts.limits]\nscan = 1", false),
            ("[mail]\ndaily_hour = 23", true),
            ("[mail]\ndaily_hour = 24", false),
        ] {
            assert_eq!(parse(text).is_ok(), ok, "{text}");
        }
    }

    #[test]
    fn plain_http_off_loopback_is_refused() {
        let refused = parse("[server]\nbind = \"0.0.0.0:80\"\nplain_http_on_loopback = true").unwrap_err();
        assert_eq!(refused[0].key, "server.bind");
    }
}
