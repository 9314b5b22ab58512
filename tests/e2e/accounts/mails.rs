//! What people are told by mail about their accounts and their practice, in the words that reach them.

use super::person::{PASSWORD, Person, account, bare, code};
use crate::world::{AGENDA, World};
use cabinet_actors::accounts::ASKED_SECONDS;
use cabinet_actors::mail::{Envelope, Outcome};
use serde_json::json;

const ANNE: &str = "anne@cabinet.example";

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
