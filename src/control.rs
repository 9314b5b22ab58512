//! The running server's door for the machine's own operator: a Unix socket of mode 0600 in the data directory. One line of JSON
//! in, one line of JSON out. Whoever can open it could read the store anyway.
//!
//! Must not be here: anything a browser may ask for.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// Longest request or answer, in bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024;
/// A peer that says nothing is let go after this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the operator may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// A one-time sign-in link.
    SignInLink {
        /// The practice's public address.
        practice: String,
        /// Name of the member of staff; none: the first.
        staff: Option<String>,
    },
    /// Alerts about networks and the installation itself.
    Alerts,
    /// Mails that wait or could not be sent.
    Mails {
        /// Has this dead letter be tried again first, or `all`.
        again: Option<String>,
        /// Has a trial mail be sent to this address first.
        trial: Option<String>,
    },
    /// The platform's own team.
    Team {
        /// Changes it first.
        change: Option<TeamChange>,
    },
}

/// A change of the platform's team. Names tell people apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TeamChange {
    /// Adds somebody; the first line of the answer is the link by which they make their account.
    Add {
        /// Name.
        name: String,
        /// `ops`, `dpo` or `support`.
        role: String,
    },
    /// Makes another link for somebody.
    Link {
        /// Name.
        name: String,
    },
    /// Removes somebody with their account.
    Remove {
        /// Name.
        name: String,
    },
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The link.
    Link(String),
    /// What was asked for, a line each.
    Lines(Vec<String>),
    /// Why not.
    No(String),
}

/// Where the socket of a data directory lies.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Binds the socket, replacing one left behind by a killed process: the store's lock has already made sure that no other
/// process serves this directory.
///
/// # Errors
/// What the system says.
pub fn bind(data_dir: &Path) -> anyhow::Result<UnixListener> {
    let path = path(data_dir);
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).context("failed to remove the old control socket"),
    }
    // The directory has mode 0700, so nobody else reaches the socket between these two steps.
    let listener = UnixListener::bind(&path).with_context(|| format!("failed to bind {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .context("failed to guard the control socket")?;
    Ok(listener)
}

/// Removes the socket at the end of a clean stop, before the store's lock goes. One that stays behind is no harm, so a
/// failure is only told.
pub fn remove(data_dir: &Path) {
    let path = path(data_dir);
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, path = %path.display(), "failed to remove the control socket"),
    }
}

/// Answers one peer after another until dropped.
pub async fn serve<F, A>(listener: UnixListener, answer: F)
where
    F: Fn(Ask) -> A,
    A: Future<Output = Told>,
{
    while let Ok((peer, _)) = listener.accept().await {
        if let Err(error) = converse(peer, &answer).await {
            tracing::warn!(%error, "control socket");
        }
    }
}

async fn converse<F, A>(peer: UnixStream, answer: &F) -> std::io::Result<()>
where
    F: Fn(Ask) -> A,
    A: Future<Output = Told>,
{
    let (reading, mut writing) = peer.into_split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LINE_BYTES_MAX));
    tokio::time::timeout(PATIENCE, reading.read_line(&mut line)).await??;
    let told = match serde_json::from_str(&line) {
        Ok(ask) => answer(ask).await,
        Err(error) => Told::No(format!("not understood: {error}")),
    };
    let mut text = serde_json::to_string(&told)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await
}

/// Asks the server that runs on `data_dir`.
///
/// # Errors
/// When no server runs there, or it does not answer.
pub async fn ask(data_dir: &Path, ask: &Ask) -> anyhow::Result<Told> {
    let path = path(data_dir);
    let connected = UnixStream::connect(&path).await;
    let peer = connected.with_context(|| format!("no server answers on {}: is it running?", path.display()))?;
    let (reading, mut writing) = peer.into_split();
    let mut text = serde_json::to_string(ask)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(reading.take(LINE_BYTES_MAX))
        .read_line(&mut line)
        .await?;
    serde_json::from_str(&line).context("the server's answer is not understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_are_answered_and_nonsense_is_told_so() {
        let directory = tempfile::tempdir().unwrap();
        let listener = bind(directory.path()).unwrap();
        assert_eq!(
            std::fs::metadata(path(directory.path())).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let serving = serve(listener, |asked| async move {
            match asked {
                Ask::SignInLink { practice, .. } => Told::Link(practice),
                Ask::Alerts | Ask::Mails { .. } | Ask::Team { .. } => Told::Lines(Vec::new()),
            }
        });
        let asking = async {
            let told = ask(
                directory.path(),
                &Ask::SignInLink {
                    practice: "x".to_owned(),
                    staff: None,
                },
            )
            .await
            .unwrap();
            assert_eq!(told, Told::Link("x".to_owned()));
            let mut peer = UnixStream::connect(path(directory.path())).await.unwrap();
            peer.write_all(b"{\"do\":\"dance\"}\n").await.unwrap();
            let mut line = String::new();
            BufReader::new(peer).read_line(&mut line).await.unwrap();
            assert!(matches!(serde_json::from_str(&line), Ok(Told::No(_))), "{line}");
        };
        tokio::select! { () = serving => panic!("serving ended"), () = asking => {} }
        // A socket left behind does not stop the next start.
        bind(directory.path()).unwrap();
    }

    #[tokio::test]
    async fn without_a_server_the_error_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let error = ask(
            directory.path(),
            &Ask::SignInLink {
                practice: String::new(),
                staff: None,
            },
        )
        .await
        .unwrap_err();
        assert!(error.to_string().contains("is it running?"), "{error}");
    }
}
