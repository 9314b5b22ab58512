//! How mails are sent.
//!
//! Must not be here: passwords; a key names the file.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Who takes the mails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Nobody: no mail is written.
    #[default]
    None,
    /// A server of one's own.
    Smtp,
    /// Brevo (Brevo SAS, Paris).
    Brevo,
    /// Mailjet (Sinch).
    Mailjet,
    /// The demo's page; not in files.
    #[serde(skip)]
    Page,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// After STARTTLS.
    #[default]
    StartTls,
    /// With the first byte.
    Tls,
}

/// Mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// Who takes them.
    pub provider: Provider,
    /// Name of the server, for `smtp`.
    pub host: String,
    /// Port, for `smtp`.
    pub port: u16,
    /// When TLS begins, for `smtp`.
    pub security: Security,
    /// Name to sign in with; empty: none.
    pub user: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// Certificates trusted beside the usual ones; empty: none.
    pub roots_file: PathBuf,
    /// Sender.
    pub from: String,
    /// Where the operator is told of alerts about the installation; empty: nowhere.
    pub operator: String,
    /// Address that links begin with; empty: the first allowed origin.
    pub links: String,
    /// From this hour on the day's mail goes out.
    pub daily_hour: u8,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            provider: Provider::None,
            host: String::new(),
            port: 587,
            security: Security::StartTls,
            user: String::new(),
            password_file: PathBuf::new(),
            roots_file: PathBuf::new(),
            from: String::new(),
            operator: String::new(),
            links: String::new(),
            daily_hour: 7,
        }
    }
}

impl Mail {
    /// Where the mails are handed over: name, port, when TLS begins. None: nowhere.
    #[must_use]
    pub fn server(&self) -> Option<(&str, u16, Security)> {
        match self.provider {
            Provider::None | Provider::Page => None,
            Provider::Smtp => Some((&self.host, self.port, self.security)),
            Provider::Brevo => Some(("smtp-relay.brevo.com", 587, Security::StartTls)),
            Provider::Mailjet => Some(("in-v3.mailjet.com", 587, Security::StartTls)),
        }
    }

    /// Keys that do not go together, with what would be right.
    pub(super) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut wrong = |key, what: &str| problems.push((key, what.to_owned()));
        if self.daily_hour > 23 {
            wrong("daily_hour", "must be between 0 and 23");
        }
        if !self.links.is_empty() && !self.links.starts_with("https://") {
            wrong("links", "must begin with https://");
        }
        if self.links.ends_with('/') {
            wrong("links", "must not end with a slash");
        }
        if !self.operator.is_empty() && !self.operator.contains('@') {
            wrong("operator", "must be an e-mail address");
        }
        if self.server().is_none() {
            return problems;
        }
        let (named, with_password) = (!self.user.is_empty(), self.password_file != Path::new(""));
        let preset = matches!(self.provider, Provider::Brevo | Provider::Mailjet);
        if !self.from.contains('@') {
            wrong(
                "from",
                "must be a sender such as \"Cabinet <ne-pas-repondre@example.fr>\"",
            );
        }
        if self.provider == Provider::Smtp && self.host.is_empty() {
            wrong("host", "must name the server that takes mails");
        }
        if self.provider == Provider::Smtp && self.port == 0 {
            wrong("port", "must be a port, usually 587 or 465");
        }
        if named != with_password {
            wrong("password_file", "user and password_file go together");
        } else if preset && !named {
            wrong(
                "user",
                "must be the name that the provider gave, with its password_file",
            );
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_name_their_servers_and_need_a_name_and_a_sender() {
        let brevo = Mail {
            provider: Provider::Brevo,
            ..Mail::default()
        };
        let keys: Vec<_> = brevo.problems().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["from", "user"]);
        let good = Mail {
            user: "x@example.fr".to_owned(),
            password_file: PathBuf::from("secret"),
            from: "Cabinet <a@example.fr>".to_owned(),
            ..brevo
        };
        assert!(good.problems().is_empty());
        let (host, port, security) = good.server().unwrap();
        assert_eq!(
            (host, port, security),
            ("smtp-relay.brevo.com", 587, Security::StartTls)
        );
        let mailjet = Mail {
            provider: Provider::Mailjet,
            ..good
        };
        assert_eq!(mailjet.server().unwrap().0, "in-v3.mailjet.com");
    }

    #[test]
    fn the_demos_page_is_in_no_file() {
        assert!(toml::from_str::<Mail>("provider = \"page\"").is_err());
        assert!(toml::from_str::<Mail>("provider = \"mailjet\"").is_ok());
        let plain = toml::from_str::<Mail>("security = \"none\"");
        assert!(plain.is_err(), "there is no plain mode");
    }
}
