//! Plants what people who work say of themselves and write: accounts, invitations, a practice, emergencies, absences, answers.
//!
//! Must not be here: patients (`bookings`).

use super::door::{Door, code, link_in, now_ms};
use super::words::Words;
use crate::server::{Server, fresh};
use crate::wait::until;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// Addresses tried in vain from one network that are an alert.
const TRIED_IN_VAIN: usize = 6;

/// Somebody who has an account.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) door: Door,
    pub(super) mail: String,
    password: String,
    secret: String,
    recovery_codes: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Keeps the secrets of an account that was just made.
fn secrets_of(words: &mut Words, secret: &str, finished: &Value) -> Vec<String> {
    words.secret(secret);
    let codes = finished["recovery_codes"].as_array().expect("codes");
    let codes: Vec<_> = codes.iter().map(text).collect();
    codes.iter().for_each(|code| words.secret(code));
    codes
}

impl Person {
    /// Makes an account with a link.
    pub(super) async fn with_link(words: &mut Words, host: &str, link: &str, name: Option<&str>) -> Self {
        let mut door = Door::new(host);
        let (mail, password) = (words.mail(), words.passphrase());
        let begin = json!({ "link": link, "name": name, "email": mail, "password": password });
        let begun = door.account("activation", &begin).await.fine(200);
        let secret = text(&begun["secret"]);
        let finish = json!({ "link": link, "code": code(&secret, 0) });
        let finished = door.account("activation/finish", &finish).await.fine(201);
        let recovery_codes = secrets_of(words, &secret, &finished);
        words.seen_in(&finished.to_string());
        words.secret(link);
        for cookie in door.cookies.split("; ") {
            words.secret(cookie.split_once('=').expect("a cookie").1);
        }
        words.seen_in(&door.get("/api/v1/account").await.text);
        Self {
            door,
            mail,
            password,
            secret,
            recovery_codes,
        }
    }

    /// Signs in once more, with a recovery code.
    pub(super) async fn sign_in(&mut self, host: &str) {
        let mut door = Door::new(host);
        let first = json!({ "email": self.mail, "password": self.password });
        let challenge = door.account("sign-in", &first).await.fine(200);
        let code = self.recovery_codes.pop().expect("a code");
        let second = json!({ "challenge": challenge["challenge"], "code": code });
        door.account("second-factor", &second).await.fine(200);
        self.door = door;
    }

    /// Forgets the password, is mailed a link and chooses another.
    pub(super) async fn forget(&mut self, words: &mut Words, server: &Server) {
        let mut strange = Door::new(&server.host);
        let asked = strange.account("forgotten", &json!({ "email": self.mail })).await;
        assert_eq!(asked.status, 202);
        let stranger = words.mail();
        let asked = strange.account("forgotten", &json!({ "email": stranger })).await;
        assert_eq!(asked.status, 202);
        words.taken(&stranger);
        let link = mailed_link(server, &self.mail).await;
        self.password = words.passphrase();
        // The code of this step may have served already.
        let reset = json!({ "link": link, "password": self.password, "code": code(&self.secret, 1) });
        strange.account("reset", &reset).await.fine(200);
        words.secret(&link);
    }

    /// Invites somebody, by mail, and that one joins under a new name.
    pub(super) async fn colleague(&mut self, words: &mut Words, server: &Server, membership: Value) -> Self {
        let invited = words.mail();
        let body = json!({ "membership": membership, "email": invited });
        let made = self.door.staff("invitations", body).await.fine(201);
        assert_eq!(made["mailed"], true);
        let link = mailed_link(server, &invited).await;
        assert_eq!(link, link_in(made["path"].as_str().expect("a path")));
        words.taken(&invited);
        let name = format!("{} {}", words.name(), words.name());
        Self::with_link(words, &server.host, &link, Some(&name)).await
    }

    /// Agendas of the practice.
    pub(super) async fn agendas(&mut self) -> Vec<String> {
        let me = self.door.get("/api/v1/staff/me").await.fine(200);
        let levels = me["levels"].as_array().expect("levels");
        levels.iter().map(|level| text(&level["agenda"])).collect()
    }
}

/// What a membership gives.
pub(super) fn membership(role: &str, level: &str, agenda: Option<&str>) -> Value {
    json!({ "role": role, "levels": { "elsewhere": level, "agendas": [] }, "agenda": agenda, "from_ms": null, "until_ms": null })
}

/// The mails of the demo, plain, for a condition that does not wait itself.
fn mails(server: &Server) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(&server.ops_host).expect("connect");
    let request = format!(
        "GET /mails HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        server.ops_host
    );
    stream.write_all(request.as_bytes()).expect("ask");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("mails");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The link in the mail to somebody, once it has come.
async fn mailed_link(server: &Server, to: &str) -> String {
    let told = || {
        let page = mails(server);
        let mine = page
            .split("<article")
            .find(|mail| mail.contains(to) && mail.contains("#link="));
        mine.map(link_in)
    };
    until("the mail", PATIENCE, || told().is_some()).await;
    told().expect("a link")
}

/// A practice of its own, with everything that its form asks for.
pub(super) async fn sign_up(words: &mut Words, server: &Server) {
    let mut door = Door::new(&server.host);
    // Shown to nobody: kept as evidence of what was accepted.
    let browser = words.number(12);
    door.agent = format!("Navigateur/{browser}");
    let (practice, street, town) = (words.name(), words.name(), words.name());
    let (given, family, quality, profession) = (words.name(), words.name(), words.name(), words.name());
    let (mail, password) = (words.mail(), words.passphrase());
    let form = json!({ "practice": format!("Cabinet {practice}"), "address": format!("2 rue {street}, 35000 {town}"),
        "phone": words.phone(), "name": format!("{given} {family}"), "quality": quality, "profession": profession,
        "rpps": words.number(11), "adeli": words.number(9), "siren": words.number(9), "siret": words.number(14),
        "email": mail, "password": password, "locale": "fr", "terms": 1, "processing": 1, "policy": null });
    let begun = door.account("sign-up", &form).await.fine(200);
    let secret = text(&begun["enrolment"]["secret"]);
    let finish = json!({ "sign_up": begun["sign_up"], "code": code(&secret, 0) });
    let finished = door.account("sign-up/finish", &finish).await.fine(201);
    secrets_of(words, &secret, &finished);
    // The account is made of the whole form, or not at all.
    words.taken(&format!("{form}{browser}"));
}

/// Opens a colleague's agenda in an emergency; the alert that it makes is answered.
pub(super) async fn break_glass(
    words: &mut Words,
    server: &Server,
    (owner, colleague): (&mut Person, &mut Person),
    agenda: &str,
) {
    let path = format!("agendas/{agenda}/break-glass");
    let alerts = server.metric("cabinet_alerts_total");
    let opened = colleague
        .door
        .staff(&path, json!({ "reason": words.note(), "minutes": 30 }))
        .await;
    opened.fine(201);
    words.seen_in(&opened.text);
    until("the alert", PATIENCE, || {
        server.metric("cabinet_alerts_total") > alerts + 0.5
    })
    .await;
    let seen = owner.door.get("/api/v1/staff/alerts").await.fine(200);
    let alerts = seen["alerts"].as_array().expect("alerts");
    assert!(!alerts.is_empty(), "{seen}");
    for alert in alerts.iter().filter(|alert| alert["answer"].is_null()) {
        let path = format!("/api/v1/staff/alerts/{}/answer", text(&alert["id"]));
        let answered = owner
            .door
            .post(&path, &json!({ "mine": false, "reason": words.note() }))
            .await;
        answered.fine(200);
        words.seen_in(&answered.text);
    }
}

/// Absences with labels, and looks at them.
pub(super) async fn absences(words: &mut Words, owner: &mut Person, agenda: &str, count: i64) {
    let day_ms = 86_400_000;
    let from_ms = now_ms() / day_ms * day_ms + 200 * day_ms;
    for number in 0..count {
        let start_ms = from_ms + number * day_ms;
        let absence =
            json!({ "id": fresh(), "start_ms": start_ms, "end_ms": start_ms + day_ms, "label": words.note() });
        let command = json!({ "do": "add_absence", "absence": absence });
        owner.door.command(agenda, &command).await;
    }
    let until_ms = from_ms + count * day_ms;
    let path = format!("/api/v1/staff/agendas/{agenda}?from_ms={from_ms}&until_ms={until_ms}");
    words.seen_in(&owner.door.get(&path).await.text);
}

/// Somebody of the platform's team, added at the console.
pub(super) async fn operator(words: &mut Words, server: &Server, data: &Path) -> Person {
    let name = words.name();
    let told = console(data, &["team", "--add", &name, "--role", "ops"]);
    words.seen_in(&told);
    let address = words.mail();
    words.seen_in(&format!("{}{address}", console(data, &["mails", "--trial", &address])));
    Person::with_link(words, &server.ops_host, &link_in(&told), None).await
}

/// Says something at the console.
fn console(data: &Path, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cabinet"))
        .args(words)
        .arg("--data")
        .arg(data)
        .output()
        .expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Addresses of nobody are tried until their network is shut out; the team acknowledges the alert.
pub(super) async fn failed_sign_ins(words: &mut Words, server: &Server, operator: &mut Person) {
    let alerts = server.metric("cabinet_alerts_total");
    for _ in 0..TRIED_IN_VAIN {
        let body = json!({ "email": words.mail(), "password": words.passphrase() });
        let answer = Door::new(&server.host).account("sign-in", &body).await;
        assert!(matches!(answer.status, 401 | 429), "{answer:?}");
        words.taken(&body.to_string());
    }
    until("the alert", PATIENCE, || {
        server.metric("cabinet_alerts_total") > alerts + 0.5
    })
    .await;
    let note = words.note();
    // A picture is shown for a second: the alert may be in the next one only.
    let mut alert = None;
    while alert.is_none() {
        let seen = operator.door.get("/api/v1/ops/overview").await.fine(200);
        let alerts = seen["alerts"].as_array().expect("alerts");
        alert = alerts.iter().find(|alert| alert["rule"] == "password_spray").cloned();
    }
    let path = format!(
        "/api/v1/ops/alerts/{}/acknowledge",
        text(&alert.expect("an alert")["id"])
    );
    let answered = operator.door.post(&path, &json!({ "reason": note })).await;
    answered.fine(200);
    words.seen_in(&answered.text);
}
