//! Somebody with an account: an application that shows codes, a browser that keeps cookies.

use crate::world::{Answer, World, by_server};
use cabinet_domain::ids::{PracticeId, StaffId};
use data_encoding::BASE32_NOPAD;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "girafe tranquille sous abricot";

/// The code of an application at an instant (RFC 6238), written apart from the server's.
pub(super) fn code(secret: &str, now_ms: i64) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let step = u64::try_from(now_ms / 30_000).unwrap();
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 0xf);
    let number = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap());
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The cookies that an answer sets, as a browser sends them back.
pub(super) fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    pairs.collect::<Vec<_>>().join("; ")
}

pub(crate) struct Person {
    pub(super) email: String,
    pub(crate) password: String,
    /// The application's secret.
    pub(crate) secret: String,
    pub(super) recovery_codes: Vec<String>,
    /// What the browser that made the account sends.
    pub(crate) cookies: String,
}

impl Person {
    /// Makes the account of a member.
    pub(crate) async fn activated(world: &World, practice: PracticeId, staff: u128, email: &str) -> Self {
        let link = world
            .access
            .issue_link(practice, StaffId(staff), by_server())
            .await
            .unwrap();
        Self::with_link(world, &link, None, email).await
    }

    /// Makes an account with a link.
    pub(crate) async fn with_link(world: &World, link: &str, name: Option<&str>, email: &str) -> Self {
        let begin = json!({"link": link, "name": name, "email": email, "password": PASSWORD});
        let begun = account(world, "", "activation", &begin).await.fine(200);
        let secret = begun["secret"].as_str().unwrap().to_owned();
        let finish = json!({"link": link, "code": code(&secret, world.now().0)});
        let answer = account(world, "", "activation/finish", &finish).await;
        let cookies = cookies(&answer);
        let body = answer.fine(201);
        assert_eq!(body["me"]["account"], true);
        let codes = body["recovery_codes"].as_array().unwrap();
        Self {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            secret,
            recovery_codes: codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect(),
            cookies,
        }
    }

    /// The application's code after a pause in which the last one has run out.
    pub(crate) fn fresh_code(&self, world: &World) -> String {
        world.pass_seconds(60);
        code(&self.secret, world.now().0)
    }

    pub(crate) async fn password_step(&self, world: &World, cookies: &str) -> Answer {
        let body = json!({"email": self.email, "password": self.password});
        account(world, cookies, "sign-in", &body).await
    }

    /// Signs in on another browser; its cookies.
    pub(crate) async fn sign_in(&self, world: &World, before: &str) -> String {
        let challenge = self.password_step(world, before).await.fine(200);
        let body = json!({"challenge": challenge["challenge"], "code": self.fresh_code(world)});
        let answer = account(world, before, "second-factor", &body).await;
        let cookies = cookies(&answer);
        assert_eq!(answer.fine(200)["account"], true);
        cookies
    }

    /// Shows the second factor again; the cookies from then on.
    pub(crate) async fn step_up(&self, world: &World, before: &str) -> String {
        let body = json!({"code": self.fresh_code(world)});
        let answer = account(world, before, "step-up", &body).await;
        let cookies = cookies(&answer);
        answer.fine(200);
        cookies
    }
}

pub(crate) async fn account(world: &World, cookies: &str, path: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/account/{path}");
    world.staff_post(cookies, &path, body).await
}

/// A changing request without a body.
pub(super) async fn bare(world: &World, cookies: &str, path: &str) -> Answer {
    let request = world.request(Method::POST, &format!("/api/v1/account/{path}"));
    world
        .send(request.header("cookie", cookies).header("x-cabinet", "1"))
        .await
}
