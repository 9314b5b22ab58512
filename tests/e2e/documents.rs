//! The OpenAPI document against the running server: every route documented, every documented route answering as said.

use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Routes as the handlers' own attributes name them.
fn routes_in_the_source() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/edge");
    let mut files: Vec<_> = std::fs::read_dir(root.join("routes"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.push(root.join("openapi.rs"));
    let mut routes = BTreeSet::new();
    for file in files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            for method in ["get", "post"] {
                let path = line
                    .strip_prefix(&format!("#[{method}(\""))
                    .and_then(|rest| rest.strip_suffix("\")]"));
                routes.extend(path.map(|path| (method.to_owned(), path.to_owned())));
            }
        }
    }
    routes
}

fn routes_in_the_document(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| (method.clone(), path.clone()))
    });
    routes.collect()
}

/// The path with its places filled in: of the practice that there is, else with ids of nothing.
fn concrete(world: &World, path: &str) -> String {
    let mut concrete = path
        .replace("{practice}", "cabinet-essai")
        .replace("{practitioner}", "claire-morel")
        .replace("{number}", "0");
    for id in [
        "hold",
        "booking",
        "agenda",
        "entry",
        "glass",
        "grant",
        "member",
        "patient",
        "invitation",
    ] {
        concrete = concrete.replace(&format!("{{{id}}}"), &world.id());
    }
    concrete
}

#[actix_web::test]
async fn every_route_is_documented_and_every_documented_route_answers_as_documented() {
    let world = World::start().await;
    let document = world.get("/api/v1/openapi.json").await.fine(200);
    let documented = routes_in_the_document(&document);
    assert_eq!(documented, routes_in_the_source());
    assert_eq!(documented.len(), 93);
    for (method, path) in documented {
        let concrete = concrete(&world, &path);
        let verb: Method = method.to_uppercase().parse().unwrap();
        let mut request = world.request(verb, &concrete).header("x-cabinet", "1");
        if method == "post" {
            request = request.json(&json!({}));
        }
        let answer = world.send(request).await;
        let responses = &document["paths"][&path][&method]["responses"];
        let said = &responses[answer.status.to_string()];
        assert!(
            said.is_object(),
            "{method} {path} answered {}: {}",
            answer.status,
            answer.body
        );
        if answer.status >= 400 {
            assert!(
                said["content"]["application/problem+json"].is_object(),
                "{method} {path}"
            );
            assert_eq!(answer.kind, "application/problem+json", "{method} {path}");
        }
        let own = [
            "",
            "/step-up",
            "/password",
            "/recovery-codes",
            "/application",
            "/application/finish",
            "/sessions/end",
            "/email",
            "/email/finish",
            "/passkeys",
            "/passkeys/finish",
            "/passkeys/remove",
            "/step-up/passkey",
            "/step-up/passkey/finish",
        ];
        let of_account = path
            .strip_prefix("/api/v1/account")
            .is_some_and(|rest| own.contains(&rest));
        let secured = of_account || (path.starts_with("/api/v1/staff/") && !path.ends_with("sign-in"));
        assert_eq!(
            document["paths"][&path][&method]["security"].is_array(),
            secured,
            "{method} {path}"
        );
        if secured {
            assert_eq!(answer.status, 401, "{method} {path} let someone in");
        }
    }
}
