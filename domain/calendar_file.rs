//! Calendar files (RFC 5545), as mails and feeds carry them: entries with a beginning and an end in UTC, so that no zone has to be
//! described. Lines end with CRLF and are folded at 75 octets, texts are escaped.
//!
//! Must not be here: what an entry may say of somebody.

use crate::time::{Span, UtcMillis};

/// Longest line, in octets, its end not counted (RFC 5545 section 3.1).
const LINE_OCTETS_MAX: usize = 75;

/// What is to be done with the entries (RFC 5546 section 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// They stand so.
    Publish,
    /// They stand no more.
    Cancel,
}

impl Method {
    /// As the file and its media type name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Cancel => "CANCEL",
        }
    }
}

/// One entry. Programs know it again by `uid` and take the greatest `sequence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarEntry {
    /// The same for all files about it, and for nothing else in the world.
    pub uid: String,
    /// Grows with each change.
    pub sequence: u64,
    /// When the file was made.
    pub stamp: UtcMillis,
    /// When.
    pub span: Span,
    /// Title.
    pub summary: String,
    /// Where; empty: not said.
    pub location: String,
    /// More; empty: nothing.
    pub description: String,
    /// Who tells of it: name and address. Programs take a cancellation only from whom they have the entry of.
    pub organizer: Option<(String, String)>,
}

/// The file.
#[must_use]
pub fn written(method: Method, entries: &[CalendarEntry]) -> String {
    let mut file = File::default();
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Cabinet en Ligne//FR",
        "CALSCALE:GREGORIAN",
    ] {
        file.line(line);
    }
    file.line(&format!("METHOD:{}", method.name()));
    for entry in entries {
        file.entry(method, entry);
    }
    file.line("END:VCALENDAR");
    file.0
}

#[derive(Default)]
struct File(String);

impl File {
    fn entry(&mut self, method: Method, entry: &CalendarEntry) {
        let status = match method {
            Method::Publish => "CONFIRMED",
            Method::Cancel => "CANCELLED",
        };
        self.line("BEGIN:VEVENT");
        self.text("UID", &entry.uid);
        self.line(&format!("SEQUENCE:{}", entry.sequence));
        self.line(&format!("DTSTAMP:{}", utc(entry.stamp)));
        self.line(&format!("DTSTART:{}", utc(entry.span.from.millis())));
        self.line(&format!("DTEND:{}", utc(entry.span.until.millis())));
        if let Some((name, address)) = &entry.organizer {
            // A parameter's value has no escape for quotes (RFC 5545 section 3.2).
            let name: String = name.chars().filter(|one| *one != '"' && !one.is_control()).collect();
            self.line(&format!("ORGANIZER;CN=\"{name}\":mailto:{address}"));
        }
        self.text("SUMMARY", &entry.summary);
        for (name, text) in [("LOCATION", &entry.location), ("DESCRIPTION", &entry.description)] {
            if !text.is_empty() {
                self.text(name, text);
            }
        }
        self.line(&format!("STATUS:{status}"));
        self.line("END:VEVENT");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.line(&format!("{name}:{}", escaped(text)));
    }

    /// Folded, never inside a character. What follows a fold begins with a space, which counts.
    fn line(&mut self, line: &str) {
        let mut octets = 0;
        for character in line.chars() {
            let size = character.len_utf8();
            if octets + size > LINE_OCTETS_MAX {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(character);
            octets += size;
        }
        self.0.push_str("\r\n");
    }
}

/// RFC 5545 section 3.3.11. Other control characters than a line's end have no place in a text.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\\' | ';' | ',' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

fn utc(at: UtcMillis) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UtcMinute;

    fn entry() -> CalendarEntry {
        CalendarEntry {
            uid: "1f@cabinet-en-ligne".to_owned(),
            sequence: 3,
            stamp: UtcMillis(1_795_348_800_000),
            span: Span::starting(UtcMinute(29_923_680), 30),
            summary: "Rendez-vous".to_owned(),
            location: "1, rue de la Gare; bâtiment \\B\r\n69003 Lyon\u{7}".to_owned(),
            description: String::new(),
            organizer: Some(("Cabinet \"de la\" Gare".to_owned(), "rien@example.org".to_owned())),
        }
    }

    #[test]
    fn an_entry_is_written_as_the_format_wants_it() {
        let file = written(Method::Publish, &[entry()]);
        let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cabinet en Ligne//FR\r\nCALSCALE:GREGORIAN\r\n\
            METHOD:PUBLISH\r\nBEGIN:VEVENT\r\nUID:1f@cabinet-en-ligne\r\nSEQUENCE:3\r\nDTSTAMP:20261122T120000Z\r\n\
            DTSTART:20261123T080000Z\r\nDTEND:20261123T083000Z\r\n\
            ORGANIZER;CN=\"Cabinet de la Gare\":mailto:rien@example.org\r\nSUMMARY:Rendez-vous\r\n\
            LOCATION:1\\, rue de la Gare\\; bâtiment \\\\B\\n69003 Lyon\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\n\
            END:VCALENDAR\r\n";
        assert_eq!(file, expected);
        let file = written(Method::Cancel, &[entry()]);
        assert!(file.contains("METHOD:CANCEL\r\n") && file.contains("STATUS:CANCELLED\r\n"));
        assert!(!written(Method::Publish, &[]).contains("VEVENT"));
    }

    #[test]
    fn long_lines_are_folded_between_characters_and_unfold_to_what_they_were() {
        for width in 60..90 {
            let summary = format!("{}{}", "x".repeat(width), "é€😀".repeat(40));
            let file = written(
                Method::Publish,
                &[CalendarEntry {
                    summary: summary.clone(),
                    ..entry()
                }],
            );
            assert!(file.split("\r\n").all(|line| line.len() <= LINE_OCTETS_MAX), "{width}");
            assert!(
                file.replace("\r\n ", "").contains(&format!("SUMMARY:{summary}\r\n")),
                "{width}"
            );
        }
    }
}
