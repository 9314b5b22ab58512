//! Samples of the bodies about accounts, members and alerts.

use super::parts::{NOW, id, me};
use super::{Samples, one};
use cabinet_proto::v1::account::{
    AccountFace, AccountSession, Activated, ActivationCode, ActivationRequest, Challenge, ContractAcceptance,
    ContractFace, DocumentFace, Documents, EmailChange, EmailCode, Enrolment, ForgottenRequest, IdentifierDoubt,
    LinkFace, LinkHolder, LinkPurpose, NewPasskey, PasskeyCeremony, PasskeyChallenge, PasskeyFace, PasskeyRemoval,
    PasskeySignIn, PasswordChange, PasswordSignIn, RecoveryCodes, ResetRequest, SecondFactor, SessionEnd, ShownPasskey,
    SignUpBegun, SignUpCode, SignUpRequest, StepUpRequest, SteppedUp,
};
use cabinet_proto::v1::alerts::{AlertAnswer, AlertAnswerRequest, AlertFace, Alerts};
use cabinet_proto::v1::members::{
    BreakGlassRequest, InvitationFace, InvitationMade, InviteRequest, MemberChange, MemberFace, MemberLink, Members,
    NumberedRequest,
};

use super::parts::membership;
use serde_json::json;

fn text(text: &str) -> String {
    text.to_owned()
}

one!(
    PasswordSignIn,
    "account.password_sign_in",
    PasswordSignIn {
        email: text("anne@cabinet.example"),
        password: text("quatre mots bien choisis"),
    }
);
one!(
    Challenge,
    "account.challenge",
    Challenge {
        challenge: id(20),
        until_ms: NOW,
    }
);
one!(
    SecondFactor,
    "account.second_factor",
    SecondFactor {
        challenge: id(20),
        code: text("123456"),
        acknowledged: Some(true),
    }
);
one!(
    PasskeyChallenge,
    "account.passkey_challenge",
    PasskeyChallenge {
        challenge: id(20),
        options: json!({"challenge": "kQ", "rpId": "rdv.example", "userVerification": "required", "allowCredentials": []}),
        until_ms: NOW,
    }
);
one!(
    PasskeySignIn,
    "account.passkey_sign_in",
    PasskeySignIn {
        challenge: id(20),
        credential: shown(),
    }
);
one!(
    PasskeyCeremony,
    "account.passkey_ceremony",
    PasskeyCeremony {
        options: json!({"challenge": "kQ", "rp": {"name": "Cabinet en Ligne", "id": "rdv.example"}}),
        until_ms: NOW,
    }
);
one!(
    NewPasskey,
    "account.new_passkey",
    NewPasskey {
        name: text("Mon téléphone"),
        credential: json!({"id": "AQ", "rawId": "AQ", "type": "public-key",
            "response": {"attestationObject": "oQ", "clientDataJSON": "e30"}}),
    }
);
one!(
    ShownPasskey,
    "account.shown_passkey",
    ShownPasskey { credential: shown() }
);
one!(
    PasskeyRemoval,
    "account.passkey_removal",
    PasskeyRemoval { passkey: id(22) }
);
one!(PasskeyFace, "account.passkey_face", passkey());

one!(
    EmailChange,
    "account.email_change",
    EmailChange {
        email: text("anne.morel@cabinet.example"),
    }
);
one!(EmailCode, "account.email_code", EmailCode { code: text("12345678") });

fn passkey() -> PasskeyFace {
    PasskeyFace {
        id: id(22),
        name: text("Mon téléphone"),
        made_ms: NOW,
        used_ms: None,
    }
}

fn shown() -> serde_json::Value {
    json!({"id": "AQ", "rawId": "AQ", "type": "public-key",
        "response": {"authenticatorData": "AA", "clientDataJSON": "e30", "signature": "MA", "userHandle": "Ag"}})
}

one!(
    ContractFace,
    "account.contract_face",
    ContractFace {
        documents: vec![text("processing")],
        accept_by_ms: NOW,
        read_only: false,
    }
);
one!(
    ContractAcceptance,
    "account.contract_acceptance",
    ContractAcceptance {
        command_id: id(10),
        locale: text("fr"),
        quality: text("titulaire"),
        terms: None,
        processing: Some(2),
        policy: None,
    }
);
one!(
    ForgottenRequest,
    "account.forgotten_request",
    ForgottenRequest {
        email: "claire@example.org".to_owned()
    }
);
one!(LinkHolder, "account.link_holder", LinkHolder { link: id(13) });

impl Samples for LinkFace {
    const NAME: &'static str = "account.link_face";
    fn samples() -> Vec<(&'static str, Self)> {
        let face = |purpose, staff| Self {
            purpose,
            practice: text("Cabinet des Tilleuls"),
            staff,
            role: text("secretary"),
        };
        vec![
            ("join", face(LinkPurpose::Join, None)),
            ("activate", face(LinkPurpose::Activate, Some(text("Anne")))),
            ("reset", face(LinkPurpose::Reset, Some(text("Anne")))),
            ("sign_in", face(LinkPurpose::SignIn, Some(text("Anne")))),
        ]
    }
}

one!(
    ActivationRequest,
    "account.activation_request",
    ActivationRequest {
        link: id(13),
        name: Some(text("Anne")),
        email: text("anne@cabinet.example"),
        password: text("quatre mots bien choisis"),
    }
);
one!(Enrolment, "account.enrolment", enrolment());
one!(
    ActivationCode,
    "account.activation_code",
    ActivationCode {
        link: id(13),
        code: text("123456"),
    }
);
one!(
    Activated,
    "account.activated",
    Activated {
        me: me(),
        recovery_codes: vec![text("abcd-efgh-ijkl")],
    }
);
one!(
    ResetRequest,
    "account.reset_request",
    ResetRequest {
        link: id(13),
        password: text("quatre mots bien choisis"),
        code: text("abcd-efgh-ijkl"),
    }
);
one!(
    AccountFace,
    "account.face",
    AccountFace {
        email: text("anne@cabinet.example"),
        staff: text("Anne"),
        role: text("owner"),
        recovery_codes_left: 9,
        password_since_ms: NOW,
        stepped_up_until_ms: NOW,
        passkeys_offered: true,
        passkeys: vec![passkey()],
        sessions: vec![AccountSession {
            id: id(21),
            device: text("Firefox, Windows"),
            network: text("192.0.*"),
            since_ms: NOW,
            used_ms: NOW,
            current: true,
        }],
        now_ms: NOW,
    }
);
one!(StepUpRequest, "account.step_up", StepUpRequest { code: text("123456") });
one!(SteppedUp, "account.stepped_up", SteppedUp { until_ms: NOW });
one!(
    PasswordChange,
    "account.password_change",
    PasswordChange {
        current: text("quatre mots bien choisis"),
        password: text("cinq mots encore mieux choisis"),
    }
);
one!(
    RecoveryCodes,
    "account.recovery_codes",
    RecoveryCodes {
        codes: vec![text("abcd-efgh-ijkl")],
    }
);

impl Samples for SessionEnd {
    const NAME: &'static str = "account.session_end";
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("one", Self { session: Some(id(21)) }),
            ("others", Self { session: None }),
        ]
    }
}

fn enrolment() -> Enrolment {
    Enrolment {
        secret: text("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        uri: text("otpauth://totp/Cabinet%20en%20Ligne:anne%40cabinet.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        picture: text("<svg/>"),
        until_ms: NOW,
    }
}

one!(
    Documents,
    "account.documents",
    Documents {
        documents: vec![DocumentFace {
            name: text("terms"),
            version: 1,
            french: text("Conditions"),
            english: text("Terms"),
            french_sha256: "0f".repeat(32),
            english_sha256: "0e".repeat(32),
        }],
        sign_up_open: true,
    }
);
one!(
    SignUpRequest,
    "account.sign_up_request",
    SignUpRequest {
        practice: text("Cabinet des Tilleuls"),
        address: text("14 allée des Tilleuls, 69003 Lyon"),
        phone: text("+33 1 99 00 00 42"),
        name: text("Claire Morel"),
        quality: text("titulaire"),
        profession: text("Ostéopathe"),
        rpps: None,
        adeli: None,
        siren: Some(text("732829320")),
        siret: None,
        email: text("anne@cabinet.example"),
        password: text("quatre mots bien choisis"),
        locale: text("fr"),
        terms: Some(1),
        processing: Some(1),
        policy: None,
    }
);
one!(
    SignUpBegun,
    "account.sign_up_begun",
    SignUpBegun {
        sign_up: id(24),
        enrolment: enrolment(),
        doubts: vec![IdentifierDoubt {
            identifier: text("siren"),
            doubt: text("identifier_check_digit"),
        }],
    }
);
one!(
    SignUpCode,
    "account.sign_up_code",
    SignUpCode {
        sign_up: id(24),
        code: text("123456"),
    }
);

one!(
    Members,
    "members.members",
    Members {
        members: vec![MemberFace {
            id: id(22),
            name: text("Anne"),
            membership: membership(),
            stands: true,
            you: true,
            has_account: true,
            account_disabled: false,
        }],
        invitations: vec![InvitationFace {
            id: id(23),
            membership: membership(),
            invited_by: text("Anne"),
            expires_ms: NOW,
        }],
        may_change: true,
        now_ms: NOW,
    }
);
one!(
    InviteRequest,
    "members.invite_request",
    InviteRequest {
        command_id: id(10),
        membership: membership(),
        email: Some(text("anne@example.org")),
    }
);
one!(
    InvitationMade,
    "members.invitation_made",
    InvitationMade {
        invitation: id(23),
        path: text("/agenda#link=0d"),
        mailed: true,
        expires_ms: NOW,
    }
);
one!(
    MemberLink,
    "members.link",
    MemberLink {
        path: text("/agenda#link=0d"),
        expires_ms: NOW,
    }
);
one!(
    MemberChange,
    "members.change",
    MemberChange {
        command_id: id(10),
        membership: membership(),
    }
);
one!(
    NumberedRequest,
    "members.numbered_request",
    NumberedRequest { command_id: id(10) }
);
one!(
    BreakGlassRequest,
    "members.break_glass",
    BreakGlassRequest {
        command_id: id(61),
        reason: text("Malaise en salle d'attente"),
        minutes: 30,
    }
);
one!(
    Alerts,
    "alerts.list",
    Alerts {
        alerts: vec![AlertFace {
            id: "00".repeat(22),
            rule: text("bulk_viewing"),
            gravity: text("warning"),
            member: id(50),
            name: Some(text("Léa Petit")),
            first_ms: NOW,
            last_ms: NOW,
            count: 3,
            supported_by: vec![text("new_device")],
            answer: Some(AlertAnswer {
                by: Some(text("Claire Morel")),
                at_ms: NOW,
                mine: false,
                reason: text("Recherche d'un ancien rendez-vous"),
            }),
            may_be_mine: false,
        }],
        everything: true,
        now_ms: NOW,
    }
);
one!(
    AlertAnswerRequest,
    "alerts.answer",
    AlertAnswerRequest {
        mine: true,
        reason: text(""),
    }
);
