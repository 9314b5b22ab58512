//! Bodies about passkeys. What browsers and keys say to each other goes through as it is: the server's library reads it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// What a browser is asked to do with a passkey of whoever comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PasskeyChallenge {
    /// To be sent back with the answer.
    pub challenge: String,
    /// Options for `PublicKeyCredential.parseRequestOptionsFromJSON`.
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
    /// Good until then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Signs in with a passkey.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    /// Of the first step.
    pub challenge: String,
    /// What `PublicKeyCredential.toJSON` gave.
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub credential: serde_json::Value,
}

/// What a browser is asked to do with a passkey of the signed-in account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PasskeyCeremony {
    /// Options for `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
    /// Good until then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Adds a passkey that the browser has made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// As its owner calls it, 1 to 60 bytes.
    pub name: String,
    /// What `PublicKeyCredential.toJSON` gave.
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub credential: serde_json::Value,
}

/// Shows a passkey as the second factor again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownPasskey {
    /// What `PublicKeyCredential.toJSON` gave.
    #[ts(type = "object")]
    #[schema(value_type = Object)]
    pub credential: serde_json::Value,
}

/// Removes a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRemoval {
    /// Its id.
    pub passkey: String,
}

/// A passkey, as its owner is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PasskeyFace {
    /// Its id here; not the key's own.
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// Since when.
    #[ts(type = "number")]
    pub made_ms: i64,
    /// Last used then; none: never yet.
    #[ts(type = "number | null")]
    pub used_ms: Option<i64>,
}
