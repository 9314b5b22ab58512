//! What people are told by mail about their accounts and their practice, in the words that reach them.

use super::person::{PASSWORD, Person, account, bare, code};
use crate::world::{AGENDA, World};
use cabinet_actors::accounts::{ASKED_SECONDS, STEP_UP_SECONDS};
use cabinet_actors::mail::{Envelope, Outcome};
use cabinet_domain::mail::RESET_LINK_SECONDS;
use serde_json::json;

const ANNE: &str = "anne@cabinet.example";
const DAY_SECONDS: i64 = 24 * 3_600;

async fn anne(world: &World) -> Person {
    Person::activated(world, AGENDA.practice, 50, ANNE).await
}

fn subjects(mails: &[Envelope]) -> Vec<&str> {
    mails.iter().map(|mail| mail.subject.as_str()).collect()
}

fn link_in(mail: &Envelope) -> String {
    let (_, after) = mail.text.split_once("https://agenda.example.org/agenda#link=").unwrap();
    after.chars().take_while(char::is_ascii_hexdigit).collect()
}

/// Waits for the work that goes on after an answer.
async fn mailed(world: &World, count: usize) -> Vec<Envelope> {
    for _ in 0..2_000 {
        let mails = world.mails().await;
        if mails.len() >= count {
            return mails;
        }
        tokio::task::yield_now().await;
    }
    panic!("no mail came")
}

#[actix_web::test]
async fn a_device_that_is_new_is_told_of_and_a_known_one_is_not() {
    let world = World::with_accounts().await;
    let anne = anne(&world).await;
    assert_eq!(world.mails().await, [], "the first is the one the account was made on");
    anne.sign_in(&world, &anne.cookies).await;
    assert_eq!(world.mails().await, []);
    anne.sign_in(&world, "").await;
    let mails = world.mails().await;
    assert_eq!(subjects(&mails), ["Connexion depuis un nouvel appareil"]);
    assert_eq!(mails[0].to, ANNE);
    let text = &mails[0].text;
    assert!(
        text.starts_with("Bonjour Anne,") && text.contains("Cabinet d'essai"),
        "{text}"
    );
    assert!(text.contains("Réseau : 127.0") && !text.contains("127.0.0.1"), "{text}");
    assert!(text.contains("https://agenda.example.org/agenda/securite"), "{text}");
    assert!(!text.contains(['{', '}']), "{text}");
}

#[actix_web::test]
async fn what_protects_an_account_is_not_changed_unseen() {
    let world = World::with_accounts().await;
    let anne = anne(&world).await;
    let cookies = anne.step_up(&world, &anne.cookies).await;
    bare(&world, &cookies, "recovery-codes").await.fine(200);
    let begun = bare(&world, &cookies, "application").await.fine(200);
    let secret = begun["secret"].as_str().unwrap();
    let first = json!({"code": code(secret, world.now().0)});
    account(&world, &cookies, "application/finish", &first).await.fine(204);
    let change = json!({"current": PASSWORD, "password": "une autre girafe sous le citron"});
    account(&world, &cookies, "password", &change).await.fine(200);
    let mails = world.mails().await;
    assert_eq!(
        subjects(&mails),
        [
            "Votre mot de passe a été changé",
            "Votre second facteur a été changé",
            "Votre second facteur a été changé"
        ]
    );
    assert!(
        mails
            .iter()
            .all(|mail| mail.to == ANNE && mail.text.contains("Réseau : 127.0"))
    );
}

#[actix_web::test]
async fn a_recovery_code_that_serves_is_told_of() {
    let world = World::with_accounts().await;
    let anne = anne(&world).await;
    let challenge = anne.password_step(&world, &anne.cookies).await.fine(200);
    let body = json!({"challenge": challenge["challenge"], "code": anne.recovery_codes[0]});
    account(&world, &anne.cookies, "second-factor", &body).await.fine(200);
    let mails = world.mails().await;
    assert_eq!(subjects(&mails), ["Un code de secours a été utilisé"]);
    assert!(mails[0].text.contains("Codes restants : 9"), "{}", mails[0].text);
}

#[actix_web::test]
async fn a_forgotten_password_is_mended_by_mail_and_second_factor_and_tells_strangers_nothing() {
    let world = World::with_accounts().await;
    let mut anne = anne(&world).await;
    for email in ["inconnu@cabinet.example", "pas une adresse", ANNE] {
        let answer = account(&world, "", "forgotten", &json!({ "email": email })).await;
        assert_eq!((answer.status, answer.body), (202, json!("")), "{email}");
    }
    let mails = mailed(&world, 1).await;
    assert_eq!(subjects(&mails), ["Choisir un nouveau mot de passe"]);
    let link = link_in(&mails[0]);
    // The link alone opens nothing.
    let reset = |code: String| json!({"link": link, "password": "un hibou calme dans le noyer", "code": code});
    account(&world, "", "reset", &reset("000000".to_owned()))
        .await
        .refused(401, "wrong_code");
    let code = anne.fresh_code(&world);
    account(&world, "", "reset", &reset(code)).await.fine(200);
    anne.password = "un hibou calme dans le noyer".to_owned();
    anne.password_step(&world, "").await.fine(200);
    account(&world, "", "link", &json!({ "link": link }))
        .await
        .refused(401, "link_gone");
    let subjects: Vec<String> = world.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert!(
        subjects.contains(&"Votre mot de passe a été changé".to_owned()),
        "{subjects:?}"
    );
    let receipts = world.mails.receipts(AGENDA.practice, 10).await.unwrap();
    assert!(receipts.iter().all(|one| one.outcome == Outcome::Sent));
    assert!(!format!("{receipts:?}").contains(&link), "receipts keep no secret");
}

/// Row A13 of the checklist.
#[actix_web::test]
async fn a_link_for_a_forgotten_password_is_good_for_fifteen_minutes() {
    let world = World::with_accounts().await;
    anne(&world).await;
    let ask = json!({ "email": ANNE });
    account(&world, "", "forgotten", &ask).await.fine(202);
    let link = link_in(&mailed(&world, 1).await[0]);
    let look = json!({ "link": link });
    world.pass_seconds(RESET_LINK_SECONDS - 1);
    account(&world, "", "link", &look).await.fine(200);
    world.pass_seconds(1);
    account(&world, "", "link", &look).await.refused(401, "link_gone");
}

#[actix_web::test]
async fn an_account_is_mailed_one_link_in_ten_minutes_whoever_asks() {
    let world = World::with_accounts().await;
    anne(&world).await;
    let ask = json!({ "email": ANNE });
    account(&world, "", "forgotten", &ask).await.fine(202);
    mailed(&world, 1).await;
    account(&world, "", "forgotten", &ask).await.fine(202);
    world.pass_seconds(ASKED_SECONDS);
    account(&world, "", "forgotten", &ask).await.fine(202);
    assert_eq!(mailed(&world, 2).await.len(), 2);
}

#[actix_web::test]
async fn another_address_is_confirmed_by_its_own_mail_and_the_former_one_is_told() {
    let world = World::with_accounts().await;
    let mut anne = anne(&world).await;
    let elsewhere = anne.sign_in(&world, "").await;
    let here = anne.cookies.clone();
    let ask = |email: &str| json!({ "email": email });
    account(&world, &here, "email", &ask("pas une adresse"))
        .await
        .refused(422, "invalid");
    let new = "Anne.Morel@cabinet.example";
    account(&world, &here, "email", &ask(new)).await.fine(200);
    let mails = mailed(&world, 1).await;
    let mail = mails.iter().find(|mail| mail.to == new).unwrap();
    let digits = |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
    let right = json!({ "code": mail.text.lines().find(digits).unwrap() });
    account(&world, &here, "email/finish", &json!({"code": "1"}))
        .await
        .refused(401, "wrong_code");
    // Until the code is shown, nothing has changed.
    anne.password_step(&world, "").await.fine(200);
    assert_eq!(account(&world, &here, "email/finish", &right).await.status, 204);
    account(&world, &here, "email/finish", &right)
        .await
        .refused(401, "challenge_gone");
    anne.password_step(&world, "").await.refused(401, "wrong_credentials");
    world
        .staff_get(&elsewhere, "/api/v1/staff/me")
        .await
        .refused(401, "unauthorised");
    let told = mailed(&world, mails.len() + 1).await;
    let told = told
        .iter()
        .find(|mail| mail.subject == "Votre adresse de connexion a été changée");
    assert_eq!(told.map(|mail| mail.to.as_str()), Some(ANNE), "where it used to be");
    new.to_lowercase().clone_into(&mut anne.email);
    anne.password_step(&world, "").await.fine(200);
    // An address of somebody else is not to be had; the former one is free.
    let zoe = Person::activated(&world, AGENDA.practice, 51, ANNE).await;
    account(&world, &zoe.cookies, "email", &ask(new))
        .await
        .refused(409, "email_taken");
    world.pass_seconds(STEP_UP_SECONDS);
    account(&world, &here, "email", &ask(ANNE))
        .await
        .refused(401, "step_up_required");
}

#[actix_web::test]
async fn an_invitation_by_mail_makes_a_member_and_the_owner_is_told() {
    let world = World::with_accounts().await;
    let anne = anne(&world).await;
    let membership = json!({"role": "secretary", "levels": {"elsewhere": "times", "agendas": []}, "agenda": null,
        "from_ms": null, "until_ms": null});
    let invite = |email: &str| json!({"command_id": world.id(), "membership": membership, "email": email});
    let path = "/api/v1/staff/invitations";
    world
        .staff_post(&anne.cookies, path, &invite("pas une adresse"))
        .await
        .refused(422, "invalid");
    let body = invite(" zoe@cabinet.example ");
    let made = world.staff_post(&anne.cookies, path, &body).await.fine(201);
    assert_eq!(made["mailed"], true);
    let mails = world.mails().await;
    assert_eq!(subjects(&mails), ["Anne vous invite à rejoindre « Cabinet d'essai »"]);
    assert_eq!(mails[0].to, "zoe@cabinet.example");
    assert!(mails[0].text.contains("comme secrétaire"));
    let link = link_in(&mails[0]);
    assert!(made["path"].as_str().unwrap().ends_with(&link));
    Person::with_link(&world, &link, Some("Zoé"), "zoe@cabinet.example").await;
    let mails = world.mails().await;
    assert_eq!(mails[0].subject, "Accès au cabinet : une personne a rejoint le cabinet");
    assert_eq!(mails[0].to, ANNE);
    assert!(mails[0].text.contains("Zoé a rejoint le cabinet comme secrétaire"));
    // Removed: told once more.
    let members = world.staff_get(&anne.cookies, "/api/v1/staff/members").await.fine(200);
    let zoe = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Zoé");
    let path = format!("/api/v1/staff/members/{}/remove", zoe.unwrap()["id"].as_str().unwrap());
    world
        .staff_post(&anne.cookies, &path, &json!({"command_id": world.id()}))
        .await
        .fine(204);
    assert!(world.mails().await[0].text.contains("Zoé a été retiré du cabinet"));
}

#[actix_web::test]
async fn somebody_who_breaks_the_glass_does_not_do_so_unseen() {
    let world = World::with_accounts().await;
    let anne = anne(&world).await;
    let path = format!("/api/v1/staff/agendas/{}/break-glass", AGENDA.agenda);
    let body = json!({"command_id": world.id(), "minutes": 30, "reason": "patient retrouvé inconscient"});
    world.staff_post(&anne.cookies, &path, &body).await.fine(201);
    let mails = world.mails().await;
    assert_eq!(subjects(&mails), ["Accès d’urgence à l’agenda de Claire Morel"]);
    assert!(
        !mails[0].text.contains("inconscient"),
        "a mailbox is no place for a reason"
    );
}

#[actix_web::test]
async fn an_account_that_nobody_uses_is_told_of_then_closed_and_a_link_opens_it_again() {
    let world = World::with_accounts().await;
    let anne = anne(&world).await;
    let membership = json!({"role": "secretary", "levels": {"elsewhere": "times", "agendas": []}, "agenda": null,
        "from_ms": null, "until_ms": null});
    let invitation = json!({"command_id": world.id(), "membership": membership});
    let path = "/api/v1/staff/invitations";
    let made = world.staff_post(&anne.cookies, path, &invitation).await.fine(201);
    let link = made["path"].as_str().unwrap().split('=').nth(1).unwrap();
    let zoe = Person::with_link(&world, link, Some("Zoé"), "zoe@cabinet.example").await;
    let told = |mails: &[Envelope]| {
        let of = |mail: &&Envelope| mail.subject == "Votre compte n’est plus utilisé";
        mails.iter().filter(of).map(|mail| mail.to.clone()).collect::<Vec<_>>()
    };
    world.mails().await;
    world.pass_seconds(76 * DAY_SECONDS);
    assert_eq!(told(&world.mails().await), [] as [&str; 0]);
    // The morning after the day of the notice: once, to both.
    world.pass_seconds(DAY_SECONDS);
    let mut both = told(&world.mails().await);
    both.sort();
    assert_eq!(both, [ANNE, "zoe@cabinet.example"]);
    world.pass_seconds(DAY_SECONDS);
    assert_eq!(told(&world.mails().await).len(), 2);
    let cookies = anne.sign_in(&world, "").await;
    world.pass_seconds(12 * DAY_SECONDS);
    let challenge = zoe.password_step(&world, "").await.fine(200);
    let body = json!({"challenge": challenge["challenge"], "code": code(&zoe.secret, world.now().0)});
    account(&world, "", "second-factor", &body)
        .await
        .refused(403, "account_disabled");
    // No link by mail for her; the owner's opens it again.
    let before = world.mails().await.len();
    account(&world, "", "forgotten", &json!({"email": zoe.email}))
        .await
        .fine(202);
    let cookies = anne.sign_in(&world, &cookies).await;
    let members = world.staff_get(&cookies, "/api/v1/staff/members").await.fine(200);
    let member = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Zoé");
    let member = member.unwrap();
    assert_eq!(member["account_disabled"], true);
    assert_eq!(world.mails().await.len(), before, "nothing was mailed to Zoé");
    let path = format!("/api/v1/staff/members/{}/link", member["id"].as_str().unwrap());
    let made = world
        .staff_post(&cookies, &path, &json!({"command_id": world.id()}))
        .await
        .fine(201);
    let link = made["path"].as_str().unwrap().split('=').nth(1).unwrap();
    let reset = json!({"link": link, "password": PASSWORD, "code": code(&zoe.secret, world.now().0)});
    account(&world, "", "reset", &reset).await.fine(200);
    zoe.sign_in(&world, "").await;
}

#[actix_web::test]
async fn an_account_is_closed_at_its_ninetieth_day_to_the_second_and_only_who_has_both_factors_is_told() {
    for (left_seconds, status) in [(1, 200), (0, 403)] {
        let world = World::with_accounts().await;
        let anne = anne(&world).await;
        world.pass_seconds(90 * DAY_SECONDS - left_seconds);
        let challenge = anne.password_step(&world, "").await.fine(200);
        let with = |code: String| json!({"challenge": challenge["challenge"], "code": code});
        account(&world, "", "second-factor", &with("000000".to_owned()))
            .await
            .refused(401, "wrong_code");
        let right = with(code(&anne.secret, world.now().0));
        let answer = account(&world, "", "second-factor", &right).await;
        assert_eq!(answer.status, status, "{left_seconds} s before");
        // The owner has nobody above: a link by mail opens the account again.
        if status == 403 {
            account(&world, "", "forgotten", &json!({ "email": ANNE }))
                .await
                .fine(202);
            let link = link_in(&mailed(&world, 1).await[0]);
            let reset = json!({"link": link, "password": PASSWORD, "code": anne.fresh_code(&world)});
            account(&world, "", "reset", &reset).await.fine(200);
        }
    }
}
